/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "system-files.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

#define DEPTH_MAX 6

/* @path below InstallRoot or else on this machine: where it is, or NULL. */
static char *
system_files_look (const Configuration *configuration, const char *path, struct stat *ret_stat)
{
  g_autofree char *full = configuration_installed_path (configuration, path);

  if (lstat (full, ret_stat) == 0)
    return g_steal_pointer (&full);
  return lstat (path, ret_stat) == 0 ? g_strdup (path) : NULL;
}

static char *
find_program_in (const Ledger *ledger, const char *folder, const char *path, const char *name, const WorkerRecord *old)
{
  g_autofree char *other = g_build_filename (folder, name, NULL);
  g_autofree char *found = NULL;
  struct stat st, own;

  if (g_str_equal (other, path) || (old && worker_record_find (old, other)))
    return NULL;
  found = system_files_look (ledger->configuration, other, &st);
  /* One of the folders may be a link to the one that @path is in. */
  if (found && places_stat (ledger->places, path, &own) == 0 && own.st_dev == st.st_dev && own.st_ino == st.st_ino)
    return NULL;
  return g_steal_pointer (&found);
}

char *
system_files_find_program (const Ledger *ledger, const char *path, const char *name, const WorkerRecord *old)
{
  static const char *const folders[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",  "/usr/bin",
                                         "/sbin",           "/bin",           "/usr/games", "/usr/local/games" };
  char *found = NULL;

  for (size_t i = 0; !found && i < G_N_ELEMENTS (folders); i++)
    found = find_program_in (ledger, folders[i], path, name, old);
  for (char **prefix = ledger->configuration->install_prefixes; !found && *prefix; prefix++)
    {
      g_autofree char *bin = g_build_filename (*prefix, "bin", NULL);
      g_autofree char *sbin = g_build_filename (*prefix, "sbin", NULL);

      found = find_program_in (ledger, bin, path, name, old);
      if (!found)
        found = find_program_in (ledger, sbin, path, name, old);
    }
  return found;
}

char *
system_files_find (const Configuration *configuration, const char *top, const char *inside)
{
  g_autofree char *path = g_build_filename (top, inside, NULL);
  const char *rest = strchr (inside, '/');
  struct stat st;
  char *found = system_files_look (configuration, path, &st);

  if (!found && rest && (g_str_has_prefix (inside, "lib/") || g_str_has_prefix (inside, "lib64/")))
    {
      g_autofree char *other = g_build_filename (top, g_str_has_prefix (inside, "lib/") ? "lib64" : "lib", rest, NULL);

      found = system_files_look (configuration, other, &st);
    }
  return found;
}

static char *
find_below (const char *folder, const char *name, int depth)
{
  g_autoptr (GDir) dir = depth < DEPTH_MAX ? g_dir_open (folder, 0, NULL) : NULL;
  const char *entry;
  char *found = NULL;

  while (dir && !found && (entry = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, entry, NULL);

      if (g_str_equal (entry, name))
        return g_steal_pointer (&path);
      if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        found = find_below (path, name, depth + 1);
    }
  return found;
}

char *
system_files_find_below (const Configuration *configuration, const char *top, const char *name)
{
  g_autofree char *full = configuration_installed_path (configuration, top);
  char *found = find_below (full, name, 0);

  return found ? found : find_below (top, name, 0);
}

static bool
record_is_in (const WorkerRecord *record, const char *folder)
{
  size_t length = strlen (folder);

  for (guint i = 0; i < record->files->len; i++)
    {
      const char *path = ((WorkerFile *)record->files->pdata[i])->path;

      if (strncmp (path, folder, length) == 0 && (path[length] == '/' || !path[length]))
        return true;
    }
  return false;
}

bool
system_files_folder_is_used (const Ledger *ledger, const char *path, const WorkerRecord *old)
{
  const char *name;
  int parent = places_open_parent (ledger->places, path, &name);
  int fd = parent < 0 ? parent : file_open_beneath (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  DIR *dir = fd < 0 ? NULL : fdopendir (fd);
  const struct dirent *item;
  bool used = false;

  if (!dir)
    {
      if (fd >= 0)
        close (fd);
      return false; /* not there, or no folder: that is seen when files are planned */
    }
  while (!used && (item = readdir (dir)))
    used = !g_str_equal (item->d_name, ".") && !g_str_equal (item->d_name, "..");
  closedir (dir);
  return used && !(old && record_is_in (old, path));
}
