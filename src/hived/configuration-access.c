/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "configuration-access.h"

#include <sys/stat.h>

/* Whether it is there and others have not all of @mode. */
static bool
is_closed (const char *path, mode_t mode)
{
  struct stat st;

  return stat (path, &st) == 0 && (st.st_mode & mode) != mode;
}

static void
warn_closed (const char *path, mode_t mode)
{
  if (is_closed (path, mode))
    g_warning ("Builds cannot read %s, since they run as other users, and end with that: chmod a+rX %s", path, path);
}

static void
warn_closed_above (const char *path)
{
  g_autofree char *above = g_path_get_dirname (path);

  while (!g_str_equal (above, "/"))
    {
      char *next = g_path_get_dirname (above);

      warn_closed (above, S_IXOTH);
      g_free (above);
      above = next;
    }
}

void
configuration_access_warn (const Configuration *configuration)
{
  const char *path = configuration_file (configuration);
  g_autofree char *folder = g_strconcat (path, ".d", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  warn_closed_above (path);
  warn_closed_above (configuration->cache_directory);
  warn_closed (configuration->cache_directory, S_IXOTH);
  warn_closed (path, S_IROTH);
  warn_closed (folder, S_IROTH | S_IXOTH);
  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *file = g_build_filename (folder, name, NULL);

      if (g_str_has_suffix (name, ".conf"))
        warn_closed (file, S_IROTH);
    }
}
