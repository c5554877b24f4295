/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache-store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "folder.h"

#define KEY_MAX 255
#define LEAVING ".leaving" /* an entry that is being removed; no key */

static const char *const kind_names[] = { [CACHE_SOURCES] = "sources", [CACHE_TOOLS] = "tools" };

typedef struct
{
  int folder; /* of its kind */
  char *key;
  struct timespec used;
  uint64_t size, files;
} CacheEntry;

static void
entry_free (CacheEntry *entry)
{
  g_free (entry->key);
  g_free (entry);
}

const char *
cache_kind_name (CacheKind kind)
{
  return kind_names[kind];
}

char *
cache_key (const char *prefix, ...)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  va_list parts;
  const char *part;

  va_start (parts, prefix);
  while ((part = va_arg (parts, const char *)))
    g_checksum_update (checksum, (const guchar *)part, strlen (part) + 1);
  va_end (parts);
  return g_strconcat (prefix, ".", g_checksum_get_string (checksum), NULL);
}

/* It begins with a worker's id, mostly. */
static bool
key_is_valid (const char *key, const char *prefix)
{
  static const char allowed[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._";

  return *key != '.' && strlen (key) <= KEY_MAX && key[strspn (key, allowed)] == '\0' &&
         (!prefix || (g_str_has_prefix (key, prefix) && key[strlen (prefix)] == '.'));
}

static int
cache_store_open (const Configuration *configuration, CacheKind kind, GError **error)
{
  g_autofree char *path = configuration_cache_path (configuration, kind_names[kind], NULL);
  int fd;

  if (!file_make_directories (path, error))
    return -1;
  fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    hive_error_set_errno (error, errno, "Cannot open %s", path);
  return fd;
}

/* Jobs may end at once. The lock goes with the descriptor. */
static int
cache_store_lock (const Configuration *configuration, GError **error)
{
  g_autofree char *path = configuration_cache_path (configuration, ".lock", NULL);
  g_auto (Fd) fd = open (path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

  if (fd < 0 || flock (fd, LOCK_EX) < 0)
    {
      hive_error_set_errno (error, errno, "Cannot lock %s", path);
      return -1;
    }
  return fd_steal (&fd);
}

/* An entry that is being made ours. */
typedef struct
{
  dev_t device;
  uid_t owner;        /* the job's user, whose all of it must have been */
  GHashTable *linked; /* inodes of several names that were made ours by another of them */
} Taking;

/* A file of several names may be one that the job found elsewhere: where its links are not restricted, anybody's. */
static bool
taking_may_take (Taking *taking, const struct stat *st)
{
  if (S_ISDIR (st->st_mode) || st->st_nlink == 1)
    return true;
  if (st->st_uid == taking->owner && taking->owner != 0)
    g_hash_table_add (taking->linked, GSIZE_TO_POINTER (st->st_ino));
  return g_hash_table_contains (taking->linked, GSIZE_TO_POINTER (st->st_ino));
}

/* Makes one thing of an entry ours and readable for everybody. */
static int
taking_visit (int parent, const char *name, const struct stat *st, void *userdata)
{
  Taking *taking = userdata;
  mode_t mode = S_ISDIR (st->st_mode) ? 0755 : st->st_mode & 0100 ? 0755 : 0644;

  /* A file of an overlay has the device of what lies below. */
  if (S_ISDIR (st->st_mode) && st->st_dev != taking->device)
    return -EXDEV;
  if (!S_ISDIR (st->st_mode) && !S_ISREG (st->st_mode) && !S_ISLNK (st->st_mode))
    return -EINVAL;
  if (!taking_may_take (taking, st))
    return -EMLINK;
  if (geteuid () == 0 && fchownat (parent, name, 0, 0, AT_SYMLINK_NOFOLLOW) < 0)
    return -errno;
  if (!S_ISLNK (st->st_mode) && fchmodat (parent, name, mode, AT_SYMLINK_NOFOLLOW) < 0)
    return -errno;
  return 0;
}

/* What was there goes with the work directory. */
static int
cache_store_exchange (int keep, int store, const char *key)
{
  int r = file_rename_new (keep, key, store, key);

  if (r != -EEXIST || renameat2 (keep, key, store, key, RENAME_EXCHANGE) == 0)
    return r == -EEXIST ? 0 : r;
  if (!file_lacks_rename_flags (errno))
    return -errno;

  /* A file system that cannot: for a moment there is no entry. */
  r = folder_remove (keep, LEAVING);
  if (r == 0 && renameat (store, key, keep, LEAVING) < 0 && errno != ENOENT)
    r = -errno;
  return r < 0 ? r : renameat (keep, key, store, key) < 0 ? -errno : 0;
}

static int
visit_sync (int parent, const char *name, const struct stat *st, void *userdata)
{
  g_auto (Fd) fd = -1;

  if (!S_ISREG (st->st_mode))
    return 0;
  fd = file_open_beneath (parent, name, O_RDONLY | O_NOFOLLOW, 0);
  return fd < 0 ? fd_steal (&fd) : fsync (fd) < 0 ? -errno : 0;
}

/* A mirror of git that has more than one commit: who uses it reads that one back, and never the history, which
 * half-written would spoil each later build. Of one commit, and of a download, all is read. */
static int
cache_store_sync_history (int entry)
{
  g_auto (Fd) objects = file_open_beneath (entry, "objects", O_RDONLY | O_DIRECTORY, 0);
  struct stat st;

  if (objects < 0)
    return objects == -ENOENT || objects == -ENOTDIR ? 0 : fd_steal (&objects);
  if (fstatat (entry, "shallow", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG (st.st_mode) && st.st_size > 0)
    return 0;
  return folder_visit (objects, visit_sync, NULL, FOLDER_DEPTH_MAX);
}

static int
cache_store_promote_one (int keep, int store, CacheKind kind, const char *key)
{
  g_autoptr (GHashTable) linked = g_hash_table_new (NULL, NULL);
  g_auto (Fd) fd = -1;
  Taking taking;
  struct stat st;
  int r;

  /* Empty: the cache's own was used. */
  if (unlinkat (keep, key, AT_REMOVEDIR) == 0)
    return utimensat (store, key, NULL, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT ? -errno : 0;
  if (errno == ENOTDIR)
    return -ENOTDIR;

  if (fstatat (keep, key, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return -errno;
  taking = (Taking){ .device = st.st_dev, .owner = st.st_uid, .linked = linked };
  r = taking_visit (keep, key, &st, &taking);
  fd = r < 0 ? r : file_open_beneath (keep, key, O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0)
    return fd_steal (&fd);
  r = folder_visit (fd, taking_visit, &taking, FOLDER_DEPTH_MAX);
  if (r >= 0 && kind == CACHE_SOURCES)
    r = cache_store_sync_history (fd);
  if (r < 0)
    return r;
  r = cache_store_exchange (keep, store, key);
  return r < 0 ? r : futimens (fd, NULL) < 0 ? -errno : 0;
}

static bool
cache_store_promote_all (int keep, int store, CacheKind kind, const char *prefix, GError **error)
{
  g_autoptr (AutoDir) dir = fdopendir (dup (keep));
  struct dirent *item;

  while (dir && (item = readdir (dir)))
    {
      int r;

      if (g_str_equal (item->d_name, ".") || g_str_equal (item->d_name, ".."))
        continue;
      r = key_is_valid (item->d_name, prefix) ? cache_store_promote_one (keep, store, kind, item->d_name) : -EINVAL;
      if (r < 0 && (!error || !*error))
        {
          g_autofree char *name = g_utf8_make_valid (item->d_name, -1);

          hive_error_set_errno (error, -r, "What the job kept as %s is not put into the cache", name);
        }
    }
  return !error || !*error;
}

/* Removes an entry so that nobody sees a part of it. */
static int
cache_store_remove (int folder, const char *key)
{
  int r = folder_remove (folder, LEAVING);

  if (r == 0 && renameat (folder, key, folder, LEAVING) < 0)
    r = -errno;
  return r == 0 ? folder_remove (folder, LEAVING) : r;
}

static void
cache_store_list (GPtrArray *entries, int folder)
{
  g_autoptr (AutoDir) dir = fdopendir (dup (folder));
  struct dirent *item;

  while (dir && (item = readdir (dir)))
    {
      g_auto (Fd) fd = -1;
      struct stat st;
      CacheEntry *entry;

      if (!key_is_valid (item->d_name, NULL))
        continue;
      fd = file_open_beneath (folder, item->d_name, O_RDONLY | O_DIRECTORY, 0);
      if (fd < 0 || fstat (fd, &st) < 0)
        continue;
      entry = g_new0 (CacheEntry, 1);
      entry->folder = folder;
      entry->key = g_strdup (item->d_name);
      entry->used = st.st_mtim;
      folder_size (fd, &entry->size, &entry->files);
      g_ptr_array_add (entries, entry);
    }
}

static int
entry_compare (const void *a, const void *b)
{
  const CacheEntry *one = *(CacheEntry *const *)a, *other = *(CacheEntry *const *)b;

  if (one->used.tv_sec != other->used.tv_sec)
    return one->used.tv_sec < other->used.tv_sec ? -1 : 1;
  return one->used.tv_nsec < other->used.tv_nsec ? -1 : one->used.tv_nsec > other->used.tv_nsec;
}

static bool
cache_store_trim (const Configuration *configuration, GError **error)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func ((GDestroyNotify)entry_free);
  g_auto (Fd) sources = cache_store_open (configuration, CACHE_SOURCES, error);
  g_auto (Fd) tools = sources < 0 ? -1 : cache_store_open (configuration, CACHE_TOOLS, error);
  uint64_t size = 0, files = 0;

  if (tools < 0)
    return false;
  cache_store_list (entries, sources);
  cache_store_list (entries, tools);
  g_ptr_array_sort (entries, entry_compare);
  for (guint i = 0; i < entries->len; i++)
    {
      size += ((CacheEntry *)entries->pdata[i])->size;
      files += ((CacheEntry *)entries->pdata[i])->files;
    }

  for (guint i = 0;
       i < entries->len && (size > configuration->max_cache_size || files > configuration->max_cache_files ||
                            folder_is_short_of_space (sources, configuration->keep_free));
       i++)
    {
      const CacheEntry *entry = entries->pdata[i];
      int r = cache_store_remove (entry->folder, entry->key);

      if (r < 0)
        return hive_error_set_errno (error, -r, "Cannot remove %s from the cache", entry->key);
      size -= entry->size;
      files -= entry->files;
    }
  return true;
}

static int
visit_is_file (int parent, const char *name, const struct stat *st, void *userdata)
{
  return S_ISDIR (st->st_mode) ? 0 : -EEXIST;
}

/* Half-written files would outlive a power cut, and of a tool's nothing is checked again. Of folders alone that is no
 * matter, and what syncs a file system waits for whatever others have written to it. */
static bool
cache_store_sync (int keep)
{
  return folder_visit (keep, visit_is_file, NULL, FOLDER_DEPTH_MAX) == 0 || syncfs (keep) == 0;
}

bool
cache_store_promote (const Configuration *configuration, int work_fd, CacheKind kind, const char *prefix,
                     GError **error)
{
  g_autofree char *path = g_strconcat ("keep/", kind_names[kind], NULL);
  g_auto (Fd) keep = file_open_beneath (work_fd, path, O_RDONLY | O_DIRECTORY, 0);
  g_auto (Fd) lock = keep < 0 ? -1 : cache_store_lock (configuration, error);
  g_auto (Fd) store = lock < 0 ? -1 : cache_store_open (configuration, kind, error);
  g_autoptr (GError) failure = NULL;

  if (keep == -ENOENT)
    return true;
  if (keep < 0)
    return hive_error_set_errno (error, -keep, "Cannot open %s of the work directory", path);
  if (store < 0)
    return false;

  if (kind == CACHE_TOOLS && !cache_store_sync (keep))
    return hive_error_set_errno (error, errno, "Cannot sync %s", path);
  if (!cache_store_promote_all (keep, store, kind, prefix, &failure))
    {
      cache_store_trim (configuration, NULL);
      g_propagate_error (error, g_steal_pointer (&failure));
      return false;
    }
  return cache_store_trim (configuration, error);
}
