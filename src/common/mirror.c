/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mirror.h"

#include <string.h>

#include "error.h"

static const char *const mirror_keys[] = { "Prefix", "URL", NULL };

bool
mirror_has_key (const char *key)
{
  return g_strv_contains (mirror_keys, key);
}

void
mirror_free (Mirror *mirror)
{
  if (!mirror)
    return;
  g_free (mirror->name);
  g_free (mirror->prefix);
  g_free (mirror->url);
  g_free (mirror);
}

/* "github.com" alone would be that of github.company.example too. */
static bool
address_is_usable (const char *text, bool http)
{
  const char *authority = text ? strstr (text, "://") : NULL;

  return authority && authority > text && strchr (authority + 3, '/') > authority + 3 &&
         (!http || g_str_has_prefix (text, "http://") || g_str_has_prefix (text, "https://")) &&
         !strpbrk (text, " \t\"'\\");
}

static void
mirror_refuse (const ConfigurationText *said, const char *group, const char *key, const char *takes, GError **error)
{
  const char *value = configuration_text_get (said, group, key);
  g_autofree char *where = configuration_text_where (said, group, key);

  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "%s: \"%s\" is not a value for %s= in [%s]: it has to be %s", where, value ? value : "", key, group,
               takes);
}

Mirror *
mirror_read (const ConfigurationText *said, const char *group, GError **error)
{
  g_autoptr (Mirror) mirror = g_new0 (Mirror, 1);

  mirror->name = g_strdup (group + strlen (MIRROR_SECTION));
  mirror->prefix = g_strdup (configuration_text_get (said, group, "Prefix"));
  mirror->url = g_strdup (configuration_text_get (said, group, "URL"));
  if (!address_is_usable (mirror->prefix, false))
    mirror_refuse (said, group, "Prefix", "the beginning of an address with its host, as https://github.com/", error);
  else if (!address_is_usable (mirror->url, true))
    mirror_refuse (said, group, "URL", "an address by http or https with a path, as https://mirror.example/github/",
                   error);
  else
    return g_steal_pointer (&mirror);
  return NULL;
}

char *
mirrors_rewrite (GPtrArray *mirrors, const char *url)
{
  const Mirror *best = NULL;

  for (guint i = 0; i < mirrors->len; i++)
    {
      const Mirror *mirror = mirrors->pdata[i];

      if (g_str_has_prefix (url, mirror->prefix) && (!best || strlen (mirror->prefix) > strlen (best->prefix)))
        best = mirror;
    }
  return best ? g_strconcat (best->url, url + strlen (best->prefix), NULL) : NULL;
}
