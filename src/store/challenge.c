/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "challenge.h"

#include <string.h>

#define TOKEN_CHARACTERS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "!#$%&'*+-.^_`|~"

#define TOKEN68 G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-._~+/"

static const char *
skip (const char *at, const char *characters)
{
  return at + strspn (at, characters);
}

/* A quoted string or a token; *@at goes behind it. */
static char *
read_value (const char **at)
{
  GString *value = g_string_new (NULL);

  if (**at != '"')
    {
      size_t length = strspn (*at, TOKEN_CHARACTERS);

      g_string_append_len (value, *at, (gssize)length);
      *at += length;
      return g_string_free (value, FALSE);
    }
  for (++*at; **at && **at != '"'; ++*at)
    {
      if (**at == '\\' && (*at)[1])
        ++*at;
      g_string_append_c (value, **at);
    }
  *at += **at == '"';
  return g_string_free (value, FALSE);
}

static void
challenge_set (Challenge *challenge, const char *name, size_t length, char *value)
{
  const struct
  {
    const char *name;
    char **member;
  } members[] = { { "realm", &challenge->realm }, { "service", &challenge->service }, { "scope", &challenge->scope } };

  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    if (strlen (members[i].name) == length && g_ascii_strncasecmp (members[i].name, name, length) == 0)
      {
        g_free (*members[i].member);
        *members[i].member = value;
        return;
      }
  g_free (value);
}

/* Of what stands in place of parameters ("Negotiate oRQw=="); 0: it is none. */
static size_t
token68_length (const char *at)
{
  size_t length = strspn (at, TOKEN68);
  const char *end;

  length += strspn (at + length, "=");
  end = skip (at + length, " \t");
  return *end == '\0' || *end == ',' ? length : 0;
}

bool
challenge_read (const char *value, const char *scheme, Challenge *ret)
{
  const char *at = value;
  bool found = false, ours = false;

  *ret = (Challenge){ g_strdup (""), g_strdup (""), g_strdup ("") };
  while (*(at = skip (at, " \t,")))
    {
      const char *word = at;
      size_t length = strspn (word, TOKEN_CHARACTERS);
      const char *next = skip (word + length, " \t");

      if (token68_length (word) > length)
        {
          at = word + token68_length (word);
          continue;
        }
      if (length == 0)
        break;
      if (*next == '=') /* a parameter of the scheme that was named last */
        {
          char *text = (at = skip (next + 1, " \t"), read_value (&at));

          if (ours)
            challenge_set (ret, word, length, text);
          else
            g_free (text);
          continue;
        }
      ours = !found && strlen (scheme) == length && g_ascii_strncasecmp (word, scheme, length) == 0;
      found |= ours;
      at = word + length;
    }
  if (!found)
    challenge_clear (ret);
  return found;
}

void
challenge_clear (Challenge *challenge)
{
  g_clear_pointer (&challenge->realm, g_free);
  g_clear_pointer (&challenge->service, g_free);
  g_clear_pointer (&challenge->scope, g_free);
}

static void
append_query (GString *url, const char *name, const char *value)
{
  if (*value)
    {
      g_string_append_printf (url, "%c%s=", strchr (url->str, '?') ? '&' : '?', name);
      g_string_append_uri_escaped (url, value, "/:", FALSE);
    }
}

/* GLib takes blanks and controls for a part of a path. */
static bool
text_is_graphic (const char *text)
{
  for (; *text; text++)
    if (!g_ascii_isgraph (*text))
      return false;
  return true;
}

char *
challenge_token_url (const Challenge *challenge)
{
  g_autoptr (GUri) uri =
      text_is_graphic (challenge->realm) ? g_uri_parse (challenge->realm, G_URI_FLAGS_NONE, NULL) : NULL;
  GString *url;

  if (!uri || !g_uri_get_host (uri) || !*g_uri_get_host (uri) || g_uri_get_userinfo (uri) || g_uri_get_fragment (uri) ||
      (!g_str_equal (g_uri_get_scheme (uri), "https") && !g_str_equal (g_uri_get_scheme (uri), "http")))
    return NULL;
  url = g_string_new (challenge->realm);
  append_query (url, "service", challenge->service);
  append_query (url, "scope", challenge->scope);
  return g_string_free (url, FALSE);
}
