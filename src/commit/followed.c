/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "followed.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "writers.h"

/* The path in the package's words of the open folder @fd, if it is below a prefix. A prefix itself may be a link. */
static char *
path_inside (const Ledger *ledger, int fd)
{
  g_autofree char *real = file_real_path (fd);

  for (char **prefix = ledger->configuration->install_prefixes; real && *prefix; prefix++)
    {
      g_autofree char *full = places_show (ledger->places, *prefix);
      g_auto (Fd) top = open (full, O_PATH | O_DIRECTORY | O_CLOEXEC);
      g_autofree char *real_top = top < 0 ? NULL : file_real_path (top);
      size_t length = real_top ? strlen (real_top) : 0;

      if (length && strncmp (real, real_top, length) == 0 && real[length] == '/')
        return g_strconcat (*prefix, real + length, NULL);
    }
  return NULL;
}

/* Where the link at @path leads; NULL when it is none, or none to follow. */
static char *
followed_target (const Ledger *ledger, const char *path)
{
  const char *name;
  int parent = places_open_parent (ledger->places, path, &name);
  g_auto (Fd) fd = -1;
  struct stat st;

  if (parent < 0 || fstatat (parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK (st.st_mode) ||
      (st.st_uid != 0 && st.st_uid != geteuid ()))
    return NULL;
  fd = openat (parent, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return fd < 0 ? NULL : path_inside (ledger, fd);
}

/* The folders that lead there are not the package's, so nobody else looks at them. */
static bool
followed_check_way (const Ledger *ledger, const char *path, GError **error)
{
  g_autofree char *at = g_strdup (path);

  for (char *slash; places_is_below (ledger->places, at) && (slash = strrchr (at, '/')); *slash = '\0')
    if (!writers_check (ledger->places, at, error))
      return false;
  return writers_check (ledger->places, at, error);
}

/* Two folders become one; two files cannot. */
static bool
followed_merge (Tree *tree, GError **error)
{
  for (guint i = 1; i < tree->entries->len;)
    {
      TreeEntry *before = tree->entries->pdata[i - 1], *entry = tree->entries->pdata[i];

      if (!g_str_equal (before->path, entry->path))
        i++;
      else if (S_ISDIR (before->st.st_mode) && S_ISDIR (entry->st.st_mode))
        g_ptr_array_remove_index (tree->entries, i);
      else
        return tree_refuse (error,
                            "/%s and /%s in the package are one and the same here: package() must install one of "
                            "them",
                            tree_entry_source (before), tree_entry_source (entry));
    }
  return true;
}

static bool
followed_entry (const Ledger *ledger, TreeEntry *entry, GHashTable *moved, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (entry->path);
  const char *now = g_hash_table_lookup (moved, directory);
  g_autofree char *path = now ? g_build_filename (now, strrchr (entry->path, '/') + 1, NULL) : g_strdup (entry->path);
  char *target =
      S_ISDIR (entry->st.st_mode) && places_is_below (ledger->places, path) ? followed_target (ledger, path) : NULL;

  if (target && !followed_check_way (ledger, target, error))
    {
      g_free (target);
      return false;
    }
  if (target)
    {
      g_free (path);
      path = target;
    }
  if (g_str_equal (path, entry->path))
    return true;
  if (S_ISDIR (entry->st.st_mode))
    g_hash_table_insert (moved, g_strdup (entry->path), g_strdup (path));
  entry->source = entry->path;
  entry->path = g_steal_pointer (&path);
  return true;
}

bool
followed_apply (const Ledger *ledger, Tree *tree, GError **error)
{
  g_autoptr (GHashTable) moved = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; i < tree->entries->len; i++)
    if (!followed_entry (ledger, tree->entries->pdata[i], moved, error))
      return false;
  if (g_hash_table_size (moved) == 0)
    return true;
  tree_sort (tree);
  return followed_merge (tree, error);
}
