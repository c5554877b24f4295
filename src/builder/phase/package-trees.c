/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "package-trees.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "file.h"
#include "folder.h"

#define DEPTH_MAX 128 /* as the commit has it; each level holds two descriptors */
#define ASIDE     "packages"

/* Where the path of an entry of the list begins: behind four words. */
static const char *
entry_path (const char *entry)
{
  for (int word = 0; word < 4 && entry; word++)
    entry = strchr (entry, ' ') ? strchr (entry, ' ') + 1 : NULL;
  return entry;
}

/* The list without the packages' names. A folder may be in several; the first says its mode. */
static bool
list_merge (GString *list, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal); /* path → its entry */
  g_autoptr (GString) merged = g_string_sized_new (list->len);
  const char *end = list->str + list->len;

  for (const char *entry = list->str, *next; entry < end; entry = next)
    {
      const char *name = entry_path (entry);
      const char *path = name ? strchr (name, '/') : NULL;
      const char *other;

      next = entry + strlen (entry) + 1;
      if (!path || next > end)
        continue; /* a package's own folder */
      other = g_hash_table_lookup (seen, ++path);
      if (!other)
        {
          g_hash_table_insert (seen, (void *)path, (void *)entry);
          g_string_append_len (merged, entry, name - entry);
          g_string_append_len (merged, path, next - path);
        }
      else if (*entry != 'd' || *other != 'd')
        {
          const char *first = entry_path (other);

          g_set_error (error, HIVE_ERROR, HIVE_ERROR_PACKAGE_INVALID,
                       "/%s is in two packages of the recipe, %.*s and %.*s: they are installed together, so one of "
                       "them must leave it out",
                       path, (int)strcspn (first, "/"), first, (int)(path - 1 - name), name);
          return false;
        }
    }

  g_string_truncate (list, 0);
  g_string_append_len (list, merged->str, merged->len);
  return true;
}

/* Moves what is in @from (taken) into @to; folders that are in both are gone through. */
static bool
tree_move (int from, int to, int depth, GError **error)
{
  g_autoptr (AutoDir) dir = fdopendir (from);
  struct dirent *item;

  if (!dir || depth > DEPTH_MAX)
    {
      if (!dir)
        close (from);
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_PACKAGE_INVALID, "Folders of the packages cannot be read");
      return false;
    }
  while ((errno = 0, item = readdir (dir)))
    {
      const char *name = item->d_name;
      g_auto (Fd) inner_to = -1;
      int inner, r;

      if (g_str_equal (name, ".") || g_str_equal (name, ".."))
        continue;
      r = file_rename_new (dirfd (dir), name, to, name);
      if (r == 0)
        continue;
      if (r != -EEXIST)
        return hive_error_set_errno (error, -r, "Cannot move %s of a package", name);
      inner_to = file_open_beneath (to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
      inner = file_open_beneath (dirfd (dir), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
      if (inner_to < 0 || inner < 0)
        {
          if (inner >= 0)
            close (inner);
          return hive_error_set_errno (error, ENOTDIR, "Cannot put %s of two packages together", name);
        }
      if (!tree_move (inner, inner_to, depth + 1, error))
        return false;
    }
  return errno == 0 || hive_error_set_errno (error, errno, "Cannot read a package");
}

bool
package_trees_merge (int work_fd, char *const *names, GString *list, GError **error)
{
  g_auto (Fd) aside = -1;
  g_auto (Fd) whole = -1;

  if (!list_merge (list, error))
    return false;
  if (renameat (work_fd, "pkg", work_fd, ASIDE) < 0 || mkdirat (work_fd, "pkg", 0755) < 0)
    return hive_error_set_errno (error, errno, "Cannot make a folder for all packages");
  aside = file_open_beneath (work_fd, ASIDE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  whole = file_open_beneath (work_fd, "pkg", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  for (; *names; names++)
    {
      int one = file_open_beneath (aside, *names, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

      if (one < 0)
        return hive_error_set_errno (error, -one, "Cannot read the package %s", *names);
      if (!tree_move (one, whole, 0, error))
        return false;
    }
  return true;
}
