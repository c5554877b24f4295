/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source.h"

#include "error.h"

#include <string.h>

#define LENGTH_MAX      8192
#define NAME_MAX_LENGTH 255
#define SHOWN_MAX       500 /* bytes of a source in a message */

/* What lies in startdir besides the sources. */
static const char *const reserved_names[] = { "PKGBUILD", "src", "pkg", "home", NULL };

static const struct
{
  const char *scheme;
  SourceKind kind;
} schemes[] = {
  { "http", SOURCE_DOWNLOAD }, { "https", SOURCE_DOWNLOAD }, { "git+http", SOURCE_GIT },
  { "git+https", SOURCE_GIT }, { "git+file", SOURCE_GIT },
};

void
source_free (Source *source)
{
  if (!source)
    return;
  g_free (source->name);
  g_free (source->url);
  g_free (source->ref_kind);
  g_free (source->ref);
  g_free (source);
}

/* Whatever may be a password stays out of the message: what is refused may be no proper URL. */
static bool
source_refuse (const char *text, const char *why, GError **error)
{
  const char *fragment = strrchr (text, '#');
  size_t length = fragment && strchr (fragment, '=') ? (size_t)(fragment - text) : strlen (text);
  const char *at = memrchr (text, '@', length);
  const char *begin = strstr (text, "://") ? strstr (text, "://") + 3 :
                      strstr (text, "::")  ? strstr (text, "::") + 2 :
                                             text;
  g_autofree char *shown =
      at && at > begin ? g_strdup_printf ("%.*s%s", (int)(begin - text), text, at + 1) : g_strdup (text);
  g_autofree char *valid = g_utf8_make_valid (shown, MIN (strlen (shown), SHOWN_MAX));

  for (char *c = valid; *c; c++)
    if (g_ascii_iscntrl (*c))
      *c = '?';
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "The source \"%s\" %s", valid, why);
  return false;
}

static bool
text_has_control (const char *text)
{
  for (; *text; text++)
    if (g_ascii_iscntrl (*text))
      return true;
  return false;
}

static bool
source_check_name (const Source *source, const char *text, GError **error)
{
  const char *name = source->name;

  if (!*name || strlen (name) > NAME_MAX_LENGTH || strchr (name, '/') || g_str_equal (name, ".") ||
      g_str_equal (name, ".."))
    return source_refuse (text, "has no usable file name: it may have no / and be neither . nor ..", error);
  if (*name == '-')
    return source_refuse (text, "has a file name that begins with -", error);
  if (g_strv_contains (reserved_names, name))
    return source_refuse (text, "would take the place of a file or folder of the build's own", error);
  return true;
}

/* git-check-ref-format(1), and no option. A commit is hexadecimal. */
static bool
ref_is_valid (const char *kind, const char *ref)
{
  if (g_str_equal (kind, "commit"))
    return strlen (ref) >= 4 && strlen (ref) <= 64 && ref[strspn (ref, "0123456789abcdefABCDEF")] == '\0';
  if (!*ref || strpbrk (ref, " ~^:?*[\\") || strchr ("-/.", *ref) || strstr (ref, "..") || strstr (ref, "@{") ||
      strstr (ref, "//") || strstr (ref, "/.") || g_str_has_suffix (ref, ".lock") || g_str_has_suffix (ref, "/") ||
      g_str_has_suffix (ref, ".") || g_str_equal (ref, "@"))
    return false;
  return g_str_equal (kind, "branch") || g_str_equal (kind, "tag");
}

/* Cuts `#KIND=REF` from the URL. */
static bool
source_take_fragment (Source *source, const char *text, GError **error)
{
  char *fragment = strchr (source->url, '#');
  char *equals;

  if (strchr (source->url, '?'))
    return source_refuse (text, "has a query (?signed and the like), which is not supported for git", error);
  if (!fragment)
    return true;

  *fragment++ = '\0';
  equals = strchr (fragment, '=');
  source->ref_kind = g_strndup (fragment, equals ? (size_t)(equals - fragment) : strlen (fragment));
  source->ref = g_strdup (equals ? equals + 1 : "");
  if (!ref_is_valid (source->ref_kind, source->ref))
    return source_refuse (text, "has a fragment that is none of #branch=NAME, #tag=NAME and #commit=HASH", error);
  return true;
}

static bool
source_check_url (const Source *source, const char *text, GError **error)
{
  g_autoptr (GUri) uri = NULL;
  const char *host;

  for (const char *c = source->url; *c; c++)
    if (*c == ' ' || *c == '\\' || *c == '"')
      return source_refuse (text, "has a character that a URL may not have", error);

  uri = g_uri_parse (source->url, G_URI_FLAGS_PARSE_RELAXED | G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD, NULL);
  host = uri ? g_uri_get_host (uri) : NULL;
  if (!uri)
    return source_refuse (text, "has a URL that can't be read", error);
  if (g_str_has_prefix (source->url, "file://") ? (host && *host) || *g_uri_get_path (uri) != '/' :
                                                  !host || !*host || *host == '-')
    return source_refuse (text, "has a URL without a usable host and path", error);
  return true;
}

/* The last part of the URL's path; of a repository without `.git`. */
static char *
source_default_name (const Source *source)
{
  g_autofree char *path = g_strdup (source->url);
  char *name;

  path[strcspn (path, "#")] = '\0';
  while (g_str_has_suffix (path, "/"))
    path[strlen (path) - 1] = '\0';
  name = strrchr (path, '/') ? strrchr (path, '/') + 1 : path;
  if (source->kind == SOURCE_GIT && g_str_has_suffix (name, ".git"))
    name[strlen (name) - strlen (".git")] = '\0';
  return g_strdup (name);
}

static bool
source_set_url (Source *source, const char *url, const char *text, GError **error)
{
  const char *end = strstr (url, "://");
  g_autofree char *scheme = end ? g_ascii_strdown (url, end - url) : NULL;
  size_t i = 0;

  while (scheme && i < G_N_ELEMENTS (schemes) && !g_str_equal (schemes[i].scheme, scheme))
    i++;
  if (!scheme || i == G_N_ELEMENTS (schemes))
    return source_refuse (text, "is no URL of a kind that can be fetched: http, https, git+http, git+https, git+file",
                          error);

  source->kind = schemes[i].kind;
  source->url = g_strconcat (source->kind == SOURCE_GIT ? scheme + strlen ("git+") : scheme, end, NULL);
  if (source->kind == SOURCE_GIT && !source_take_fragment (source, text, error))
    return false;
  return source_check_url (source, text, error);
}

Source *
source_parse (const char *text, GError **error)
{
  g_autoptr (Source) source = g_new0 (Source, 1);
  const char *separator = strstr (text, "::");

  if (strlen (text) > LENGTH_MAX)
    {
      source_refuse (text, "is longer than 8 KiB", error);
      return NULL;
    }
  if (text_has_control (text))
    {
      source_refuse (text, "has control characters", error);
      return NULL;
    }

  if (separator || strstr (text, "://"))
    {
      if (!source_set_url (source, separator ? separator + 2 : text, text, error))
        return NULL;
      source->name = separator ? g_strndup (text, separator - text) : source_default_name (source);
    }
  else
    source->name = g_strdup (text);

  return source_check_name (source, text, error) ? g_steal_pointer (&source) : NULL;
}
