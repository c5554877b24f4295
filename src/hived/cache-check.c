/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache-check.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first folder on the way to @path, or it, that users who are nobody's cannot enter; NULL: none. */
static char *
path_find_closed (const char *path)
{
  for (const char *end = strchr (path + 1, '/');; end = strchr (end + 1, '/'))
    {
      g_autofree char *folder = end ? g_strndup (path, (gsize)(end - path)) : g_strdup (path);
      struct stat st;

      if (stat (folder, &st) == 0 && !(st.st_mode & S_IXOTH))
        return g_steal_pointer (&folder);
      if (!end)
        return NULL;
    }
}

bool
cache_check (const Hive *hive, char **ret_why, char **ret_hint)
{
  const char *cache = hive->configuration->cache_directory;
  bool strangers = !launcher_outlives_hive (hive->launcher) && geteuid () == 0; /* units are shown their folder */
  g_autofree char *closed = NULL;

  if (access (cache, W_OK | X_OK) < 0)
    {
      *ret_why =
          g_strdup_printf (N_ ("Jobs cannot have their folders in CacheDirectory=%s: %s"), cache, g_strerror (errno));
      *ret_hint = g_strdup (N_ ("Let the hive write there, or set CacheDirectory= in [Hive] of hive.conf to another "
                                "folder"));
      return false;
    }
  closed = strangers ? path_find_closed (cache) : NULL;
  if (!closed)
    return true;
  *ret_why =
      g_strdup_printf (N_ ("Builds run as users of their own, who cannot enter %s, and CacheDirectory=%s is there"),
                       closed, cache);
  *ret_hint = g_strdup_printf (N_ ("Let them (chmod a+x %s), or set CacheDirectory= in [Hive] of hive.conf to another "
                                   "folder"),
                               closed);
  return false;
}
