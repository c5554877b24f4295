/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "folder.h"
#include "package-list.h"
#include "size.h"

#define PATH_LENGTH_MAX 3000 /* InstallRoot comes in front, and temporary names beside it */
#define DEPTH_MAX       128  /* each level holds a descriptor while it is read */
#define LINKS_MAX       40   /* as the kernel has it */

static void
tree_entry_free (TreeEntry *entry)
{
  g_free (entry->path);
  g_free (entry->source);
  g_free (entry->target);
  g_free (entry);
}

void
tree_free (Tree *tree)
{
  if (!tree)
    return;
  fd_clear (&tree->fd);
  g_ptr_array_unref (tree->entries);
  g_free (tree);
}

bool
tree_set_changed (const char *path, GError **error)
{
  return tree_refuse (error,
                      "%s in the package changed while it was being committed: nothing may write to a finished "
                      "package. Install the worker again",
                      path);
}

bool
tree_entry_is (const TreeEntry *entry, const struct stat *st)
{
  const struct stat *was = &entry->st;

  return st->st_dev == was->st_dev && st->st_ino == was->st_ino && st->st_mode == was->st_mode &&
         st->st_size == was->st_size && st->st_nlink == was->st_nlink && st->st_mtim.tv_sec == was->st_mtim.tv_sec &&
         st->st_mtim.tv_nsec == was->st_mtim.tv_nsec && st->st_ctim.tv_sec == was->st_ctim.tv_sec &&
         st->st_ctim.tv_nsec == was->st_ctim.tv_nsec;
}

/* Valid UTF-8 without control characters: these names reach logs, JSON and terminals. */
static bool
text_is_clean (const char *text)
{
  if (!g_utf8_validate (text, -1, NULL))
    return false;
  for (; *text; text = g_utf8_next_char (text))
    if (g_unichar_iscntrl (g_utf8_get_char (text)))
      return false;
  return true;
}

static bool
tree_check_name (const char *directory, const char *name, GError **error)
{
  if (!text_is_clean (name))
    {
      g_autofree char *escaped = g_strescape (name, NULL);

      return tree_refuse (
          error, "The name \"%s\" in %s/ of the package has bytes that are no printable UTF-8: rename it in package()",
          escaped, directory);
    }
  if (g_str_has_prefix (name, ".rbee-hive-"))
    return tree_refuse (error, "%s/%s in the package has a name that is reserved for the hive: rename it in package()",
                        directory, name);
  if (strlen (directory) + 1 + strlen (name) > PATH_LENGTH_MAX)
    return tree_refuse (error, "A path in the package is longer than %d bytes, below %.100s…: shorten it in package()",
                        PATH_LENGTH_MAX, directory);
  return true;
}

/* What @mode and the faked @type call the thing, for what may never be installed; NULL for the rest. */
static const char *
special_name (mode_t mode, char type)
{
  if (S_ISBLK (mode) || S_ISCHR (mode) || type == 'b' || type == 'c')
    return "a device";
  if (S_ISFIFO (mode) || type == 'p')
    return "a FIFO";
  if (S_ISSOCK (mode) || type == 's')
    return "a socket";
  return S_ISREG (mode) || S_ISDIR (mode) || S_ISLNK (mode) ? NULL : "a special file";
}

static const char *
special_bits (unsigned mode)
{
  return mode & S_ISUID ? "set-user-ID" : mode & S_ISGID ? "set-group-ID" : "sticky";
}

static bool
tree_check_place (const Places *places, const TreeEntry *entry, GError **error)
{
  if (places_is_below (places, entry->path) || (S_ISDIR (entry->st.st_mode) && places_is_above (places, entry->path)))
    return true;
  if (places_is_above (places, entry->path))
    return tree_refuse (error, "%s in the package must be a folder", entry->path);

  return tree_refuse (error,
                      "%s in the package is outside of the folders that may be installed to (InstallPrefixes= in "
                      "hive.conf): package() must install elsewhere, below /usr/local for instance",
                      entry->path);
}

/* Everything that one entry can be refused for. */
static bool
tree_check_entry (const Places *places, const PackageList *list, TreeEntry *entry, GError **error)
{
  mode_t mode = entry->st.st_mode;
  unsigned faked_mode;
  char faked_type, type = S_ISDIR (mode) ? 'd' : S_ISLNK (mode) ? 'l' : 'f';
  bool listed = package_list_find (list, entry->path + 1, &faked_type, &faked_mode);
  const char *special = special_name (mode, faked_type);

  if (special)
    return tree_refuse (error, "%s in the package is %s: only files, folders and symbolic links can be installed",
                        entry->path, special);
  if (!listed || faked_type != type)
    return tree_set_changed (entry->path, error);
  if (!S_ISLNK (mode) && (mode | faked_mode) & (S_ISUID | S_ISGID | S_ISVTX))
    return tree_refuse (error, "%s in the package has its %s bit set: package() must not set it", entry->path,
                        special_bits (mode | faked_mode));
  if (!S_ISDIR (mode) && entry->st.st_nlink > 1)
    return tree_refuse (error, "%s in the package is a hard link: package() must install a copy or a symbolic link",
                        entry->path);
  if (!S_ISDIR (mode) && !tree_check_place (places, entry, error))
    return false;

  entry->mode = S_ISDIR (mode) ? (faked_mode & 0755) | 0700 : faked_mode & 0755;
  if (entry->target && (!text_is_clean (entry->target) || !*entry->target))
    return tree_refuse (error, "The target of the symbolic link %s in the package is not printable UTF-8", entry->path);
  return true;
}

/* What is being read. */
typedef struct
{
  Tree *tree;
  const Configuration *configuration;
  const Places *places;
  PackageList *list;
  uint64_t mount;
} TreeReading;

static char *
read_target (int fd, const char *name)
{
  char target[PATH_MAX];
  ssize_t length = readlinkat (fd, name, target, sizeof target - 1);

  return length < 0 ? NULL : g_strndup (target, length);
}

/* Looks at one name; *ret_entry belongs to the tree. */
static bool
tree_add (TreeReading *reading, int fd, const char *directory, const char *name, TreeEntry **ret_entry, GError **error)
{
  Tree *tree = reading->tree;
  TreeEntry *entry;

  if (!tree_check_name (directory, name, error))
    return false;
  if (tree->entries->len >= TREE_MAX_ENTRIES)
    return tree_refuse (error, "The package has more than %d files and folders", TREE_MAX_ENTRIES);

  entry = g_new0 (TreeEntry, 1);
  entry->path = g_strdup_printf ("%s/%s", directory, name);
  g_ptr_array_add (tree->entries, entry);
  *ret_entry = entry;

  if (fstatat (fd, name, &entry->st, AT_SYMLINK_NOFOLLOW) < 0)
    return tree_set_changed (entry->path, error);
  if (file_mount (fd, name) != reading->mount)
    return tree_refuse (error, "%s in the package is on another file system", entry->path);
  if (S_ISLNK (entry->st.st_mode) && !(entry->target = read_target (fd, name)))
    return tree_set_changed (entry->path, error);
  if (!tree_check_entry (reading->places, reading->list, entry, error))
    return false;

  if (S_ISREG (entry->st.st_mode))
    tree->size += entry->st.st_size;
  if (tree->size > reading->configuration->max_tree_size)
    {
      g_autofree char *limit = size_to_string (reading->configuration->max_tree_size);

      g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
                   "The package is larger than %s (MaxTreeSize= in hive.conf)", limit);
      return false;
    }
  return true;
}

/* Reads the directory @fd (taken), which is @path in the package ("" for its top), and all below. */
static bool
tree_read_directory (TreeReading *reading, int fd, const char *path, int depth, GError **error)
{
  g_autoptr (AutoDir) dir = fdopendir (fd);
  struct dirent *item;

  if (!dir)
    {
      close (fd);
      return hive_error_set_errno (error, errno, "Cannot read %s in the package", path);
    }
  if (depth > DEPTH_MAX)
    return tree_refuse (error, "Folders in the package are nested deeper than %d levels, below %.100s…", DEPTH_MAX,
                        path);

  while ((errno = 0, item = readdir (dir)))
    {
      TreeEntry *entry = NULL;
      int child;

      if (g_str_equal (item->d_name, ".") || g_str_equal (item->d_name, ".."))
        continue;
      if (!tree_add (reading, fd, path, item->d_name, &entry, error))
        return false;
      if (!S_ISDIR (entry->st.st_mode))
        continue;

      child = file_open_beneath (fd, item->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
      if (child < 0)
        return tree_refuse (error, "%s in the package cannot be read (%s): package() must leave it readable",
                            entry->path, g_strerror (-child));
      /* Its place comes second, so that the message names a file that is in it. */
      if (!tree_read_directory (reading, child, entry->path, depth + 1, error) ||
          !tree_check_place (reading->places, entry, error))
        return false;
    }

  return errno == 0 || hive_error_set_errno (error, errno, "Cannot read %s in the package", path);
}

static int
compare_entries (const void *a, const void *b)
{
  return strcmp ((*(TreeEntry *const *)a)->path, (*(TreeEntry *const *)b)->path);
}

const char *
tree_entry_source (const TreeEntry *entry)
{
  return (entry->source ? entry->source : entry->path) + 1;
}

int
tree_open (const Tree *tree, const TreeEntry *entry)
{
  return file_open_beneath (tree->fd, tree_entry_source (entry), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
}

void
tree_sort (Tree *tree)
{
  g_ptr_array_sort (tree->entries, compare_entries);
}

const TreeEntry *
tree_find (const Tree *tree, const char *path)
{
  guint low = 0, high = tree->entries->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      const TreeEntry *entry = tree->entries->pdata[middle];
      int order = strcmp (path, entry->path);

      if (order == 0)
        return entry;
      if (order < 0)
        high = middle;
      else
        low = middle + 1;
    }

  return NULL;
}

/* Where the links of the package lead from @path; NULL: to nothing that is in it. */
static const TreeEntry *
tree_follow (const Tree *tree, const char *path)
{
  const TreeEntry *entry = tree_find (tree, path);

  for (unsigned links = 0; entry && S_ISLNK (entry->st.st_mode) && links < LINKS_MAX; links++)
    {
      g_autofree char *directory = g_path_get_dirname (entry->path);
      g_autofree char *target = g_canonicalize_filename (entry->target, directory);

      entry = tree_find (tree, target);
    }
  return entry;
}

/* Packages that lie in /opt have a link to it in a folder of PATH. */
static bool
tree_check_binary (const Tree *tree, const char *binary, GError **error)
{
  const TreeEntry *entry = tree_follow (tree, binary);

  if (!tree_find (tree, binary))
    return tree_refuse (error, N_ ("The package has no %s: package() must install it there"), binary);
  if (!entry)
    return tree_refuse (error,
                        "%s in the package is a link to what is not in the package: package() must install the binary "
                        "too",
                        binary);
  if (!S_ISREG (entry->st.st_mode))
    return tree_refuse (error,
                        "%s in the package is not a regular file: package() must install the binary itself there",
                        binary);
  /* By others than root too: workers run as users of their own. A umask of 077 in package() is the usual cause. */
  return (entry->mode & S_IXOTH) ||
         tree_refuse (error,
                      "%s in the package is not executable by every user: package() must install it with mode 755",
                      binary);
}

Tree *
tree_read (const Configuration *configuration, const Places *places, int work_fd, const char *binary, GError **error)
{
  g_autoptr (Tree) tree = g_new0 (Tree, 1);
  g_autoptr (PackageList) list = NULL;
  TreeReading reading = { .tree = tree, .configuration = configuration, .places = places };

  tree->entries = g_ptr_array_new_with_free_func ((GDestroyNotify)tree_entry_free);
  tree->fd = file_open_beneath (work_fd, "pkg", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  if (tree->fd < 0)
    {
      tree_refuse (error, "The package's tree is missing: build the worker again");
      return NULL;
    }

  list = package_list_read (work_fd, error);
  if (!list)
    return NULL;
  reading.list = list;
  reading.mount = file_mount (tree->fd, "");
  if (!tree_read_directory (&reading, fcntl (tree->fd, F_DUPFD_CLOEXEC, 3), "", 0, error))
    return NULL;

  if (tree->entries->len != package_list_size (list))
    {
      tree_refuse (error,
                   "The package's tree changed while it was being committed: a file that package() made is gone. "
                   "Install the worker again");
      return NULL;
    }

  tree_sort (tree);
  return !binary || tree_check_binary (tree, binary, error) ? g_steal_pointer (&tree) : NULL;
}
