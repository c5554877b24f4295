/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recipe-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "folder.h"

/* What is beyond these is there as it is, read-only: each copy takes a descriptor, each mount its time. */
#define ENTRIES_MAX 200
#define COPIES_MAX  (8 * 1024 * 1024) /* bytes in all */
#define COPY_MAX    (1024 * 1024)     /* of one file */
#define DEPTH_MAX   4

typedef struct
{
  Sandbox *sandbox;
  guint entries; /* that may be there yet */
  off_t bytes;   /* that may be copied yet */
} Copy;

static bool copy_folder (Copy *copy, const char *outside, const char *inside, unsigned depth, GError **error);

/* A folder's entries, or NULL: they are too many. */
static GPtrArray *
copy_list (Copy *copy, DIR *dir)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  struct dirent *entry;

  while ((entry = readdir (dir)) && names->len <= copy->entries)
    if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, ".."))
      g_ptr_array_add (names, g_strdup (entry->d_name));
  if (names->len > copy->entries)
    return NULL;
  copy->entries -= names->len;
  return g_steal_pointer (&names);
}

static bool
copy_file (Copy *copy, const char *from, const struct stat *st, const char *to, GError **error)
{
  g_auto (Fd) fd = open (from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

  if (fd < 0)
    return hive_error_set_errno (error, errno, "Cannot read %s", from);
  copy->bytes -= st->st_size;
  return sandbox_copy (copy->sandbox, fd_steal (&fd), st->st_mode & S_IXUSR, to, error);
}

/* One entry, which may be anything. */
static bool
copy_entry (Copy *copy, const char *from, const char *to, unsigned depth, GError **error)
{
  g_autofree char *target = NULL;
  struct stat st;

  if (lstat (from, &st) < 0)
    return errno == ENOENT || hive_error_set_errno (error, errno, "Cannot read %s", from);
  if (S_ISLNK (st.st_mode) && (target = g_file_read_link (from, NULL)))
    sandbox_link (copy->sandbox, target, to);
  else if (S_ISREG (st.st_mode) && st.st_size <= MIN (COPY_MAX, copy->bytes) && access (from, R_OK) == 0)
    return copy_file (copy, from, &st, to, error);
  else if (S_ISDIR (st.st_mode) && depth < DEPTH_MAX && !g_str_has_suffix (from, "/.git"))
    return copy_folder (copy, from, to, depth, error);
  else
    sandbox_bind_read_only (copy->sandbox, from, to);
  return true;
}

static bool
copy_folder (Copy *copy, const char *outside, const char *inside, unsigned depth, GError **error)
{
  g_autoptr (AutoDir) dir = opendir (outside);
  g_autoptr (GPtrArray) names = dir ? copy_list (copy, dir) : NULL;
  bool copied = true;

  if (!names)
    sandbox_bind_read_only (copy->sandbox, outside, inside);
  else if (depth == 0)
    sandbox_add_folder (copy->sandbox, inside);
  else
    sandbox_make_folder (copy->sandbox, inside);
  for (guint i = 0; copied && names && i < names->len; i++)
    {
      g_autofree char *from = g_build_filename (outside, names->pdata[i], NULL);
      g_autofree char *to = g_build_filename (inside, names->pdata[i], NULL);

      copied = copy_entry (copy, from, to, depth + 1, error);
    }
  return copied;
}

bool
recipe_folder_show (Sandbox *sandbox, const char *outside, const char *inside, GError **error)
{
  Copy copy = { sandbox, ENTRIES_MAX, COPIES_MAX };

  return copy_folder (&copy, outside, inside, 0, error);
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

/* The true path of the caller's home; "" when there is none. */
static char *
home_path (void)
{
  char *real = realpath (g_get_home_dir (), NULL);
  char *path = g_strdup (real ? real : "");

  free (real);
  return path;
}

bool
recipe_folder_is_repository (const char *folder)
{
  static const char *const marks[] = { ".git", ".hg", ".svn" };
  bool found = false;

  for (size_t i = 0; !found && i < G_N_ELEMENTS (marks); i++)
    {
      g_autofree char *path = g_build_filename (folder, marks[i], NULL);

      found = access (path, F_OK) == 0;
    }
  return found;
}

/* What is everybody's holds what a recipe has no business with. */
static bool
is_own_folder (const char *folder, const char *home)
{
  struct stat st;

  return strlen (folder) > 1 && !path_is_below (home, folder) && stat (folder, &st) == 0 && st.st_uid == geteuid ();
}

char *
recipe_folder_above (const char *folder)
{
  g_autofree char *home = home_path ();
  g_autofree char *above = g_path_get_dirname (folder);
  g_autofree char *top = g_strdup (folder);

  while (strlen (top) > 1 && !recipe_folder_is_repository (top))
    {
      char *next = g_path_get_dirname (top);

      g_free (top);
      top = next;
    }
  if (recipe_folder_is_repository (folder))
    return NULL;
  if (is_own_folder (top, home))
    return g_steal_pointer (&top);
  return is_own_folder (above, home) ? g_steal_pointer (&above) : NULL;
}
