/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recipe-folder.h"

#include "error.h"
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whoever keeps more beside a recipe gets the folder itself, read-only: each copy takes a descriptor, each mount its
 * time. */
#define ENTRIES_MAX 200
#define COPIES_MAX  (8 * 1024 * 1024) /* bytes in all */
#define COPY_MAX    (1024 * 1024)     /* of one file; larger ones are there, and read-only */

/* A folder's entries, or NULL: there are too many. */
static GPtrArray *
recipe_folder_list (DIR *dir)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  struct dirent *entry;

  while ((entry = readdir (dir)) && names->len <= ENTRIES_MAX)
    if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, ".."))
      g_ptr_array_add (names, g_strdup (entry->d_name));
  return names->len <= ENTRIES_MAX ? g_steal_pointer (&names) : NULL;
}

static bool
recipe_folder_copy (Sandbox *sandbox, int folder, const char *name, bool executable, const char *inside, GError **error)
{
  g_auto (Fd) fd = openat (folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

  return fd >= 0 ? sandbox_copy (sandbox, fd_steal (&fd), executable, inside, error) :
                   hive_error_set_errno (error, errno, "Can't read %s", name);
}

/* One entry, which may be anything. @left is how many bytes may be copied yet. */
static bool
recipe_folder_show_entry (Sandbox *sandbox, DIR *dir, const char *name, const char *outside, const char *inside,
                          off_t *left, GError **error)
{
  g_autofree char *from = g_build_filename (outside, name, NULL);
  g_autofree char *to = g_build_filename (inside, name, NULL);
  g_autofree char *target = NULL;
  struct stat st;

  if (fstatat (dirfd (dir), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT || hive_error_set_errno (error, errno, "Can't read %s", from);
  if (S_ISLNK (st.st_mode))
    {
      if ((target = g_file_read_link (from, NULL)))
        sandbox_link (sandbox, target, to);
    }
  else if (S_ISREG (st.st_mode) && st.st_size <= MIN (COPY_MAX, *left) &&
           faccessat (dirfd (dir), name, R_OK, AT_EACCESS) == 0)
    {
      *left -= st.st_size;
      return recipe_folder_copy (sandbox, dirfd (dir), name, st.st_mode & S_IXUSR, to, error);
    }
  else
    sandbox_bind_read_only (sandbox, from, to);
  return true;
}

bool
recipe_folder_show (Sandbox *sandbox, const char *outside, const char *inside, GError **error)
{
  DIR *dir = opendir (outside);
  g_autoptr (GPtrArray) names = dir ? recipe_folder_list (dir) : NULL;
  off_t left = COPIES_MAX;
  bool shown = true;

  if (!names)
    sandbox_bind_read_only (sandbox, outside, inside);
  else
    sandbox_add_folder (sandbox, inside);
  for (guint i = 0; shown && names && i < names->len; i++)
    shown = recipe_folder_show_entry (sandbox, dir, names->pdata[i], outside, inside, &left, error);
  if (dir)
    closedir (dir);
  return shown;
}

static bool
path_is_below (const char *path, const char *folder)
{
  size_t length = strlen (folder);

  return strncmp (path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

void
recipe_folder_show_home (Sandbox *sandbox, const char *home, const char *inside)
{
  static const char *const taken[] = { "/proc", "/dev", "/etc",  "/run", "/sys",   "/usr",   "/opt",
                                       "/tmp",  "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32" };

  for (size_t i = 0; i < G_N_ELEMENTS (taken); i++)
    if (path_is_below (home, taken[i]))
      return;
  if (g_path_is_absolute (home) && !g_str_equal (home, "/") && !path_is_below (home, inside) &&
      access (home, W_OK) == 0)
    sandbox_add_folder (sandbox, home);
}
