/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file-copy.h"
#include "file.h"
#include "folder.h"
#include "sandbox.h"

static char *
cache_name (CacheKind kind, const char *key)
{
  return g_build_filename ("keep", cache_kind_name (kind), key, NULL);
}

char *
cache_path (const Builder *builder, CacheKind kind, const char *key)
{
  g_autofree char *name = cache_name (kind, key);

  return g_build_filename (builder->request->work, name, NULL);
}

char *
cache_stored_path (const Builder *builder, CacheKind kind, const char *key)
{
  return configuration_cache_path (builder->configuration, cache_kind_name (kind), key, NULL);
}

int
cache_open (const Builder *builder, CacheKind kind, const char *key)
{
  g_autofree char *path = cache_stored_path (builder, kind, key);
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  return fd < 0 ? -errno : fd;
}

/* Tools compare times. */
static int
cache_copy_time (int to, const struct stat *st)
{
  struct timespec times[2] = { st->st_mtim, st->st_mtim };

  return futimens (to, times) < 0 ? -errno : 0;
}

static int
cache_copy_regular (int from, int to, const char *name, const struct stat *st)
{
  g_auto (Fd) source = file_open_beneath (from, name, O_RDONLY | O_NOFOLLOW, 0);
  g_auto (Fd) target = source < 0 ? -1 : file_open_beneath (to, name, O_WRONLY | O_CREAT | O_EXCL, st->st_mode & 0755);
  int r;

  if (source < 0 || target < 0)
    return source < 0 ? source : target;
  r = file_copy (source, target, sandbox_was_cancelled);
  return r < 0 ? r : cache_copy_time (target, st);
}

static int
cache_copy_link (int from, int to, const char *name)
{
  char target[4096];
  ssize_t length = readlinkat (from, name, target, sizeof target - 1);

  if (length < 0)
    return -errno;
  target[length] = '\0';
  return symlinkat (target, to, name) < 0 ? -errno : 0;
}

static int
cache_copy_below (int from, int to, unsigned depth)
{
  g_autoptr (AutoDir) dir = fdopendir (dup (from));
  struct dirent *item;

  if (!dir || depth == 0)
    return dir ? -ELOOP : -errno;
  while ((errno = 0, item = readdir (dir)))
    {
      const char *name = item->d_name;
      struct stat st;
      int r;

      if (g_str_equal (name, ".") || g_str_equal (name, ".."))
        continue;
      if (fstatat (from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
      if (S_ISDIR (st.st_mode))
        {
          g_auto (Fd) source = file_open_beneath (from, name, O_RDONLY | O_DIRECTORY, 0);
          g_auto (Fd) target = -1;

          if (source < 0 || mkdirat (to, name, 0755) < 0)
            return source < 0 ? fd_steal (&source) : -errno;
          target = file_open_beneath (to, name, O_RDONLY | O_DIRECTORY, 0);
          r = target < 0 ? fd_steal (&target) : cache_copy_below (source, target, depth - 1);
          r = r < 0 ? r : cache_copy_time (target, &st);
        }
      else
        r = S_ISLNK (st.st_mode) ? cache_copy_link (from, to, name) : cache_copy_regular (from, to, name, &st);
      if (r < 0)
        return r;
    }
  return -errno;
}

int
cache_copy (int from, int to)
{
  return cache_copy_below (from, to, FOLDER_DEPTH_MAX);
}

/* An empty folder for the copy; a descriptor or a negative errno. */
static int
cache_make (Builder *builder, CacheKind kind, const char *key)
{
  g_autofree char *folder = g_build_filename ("keep", cache_kind_name (kind), NULL);
  g_autofree char *name = cache_name (kind, key);
  const char *const names[] = { "keep", folder, name };

  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    if (mkdirat (builder->work_fd, names[i], 0755) < 0 && errno != EEXIST)
      return -errno;
  return file_open_beneath (builder->work_fd, name, O_RDONLY | O_DIRECTORY, 0);
}

static int
cache_forget (Builder *builder, CacheKind kind, const char *key)
{
  g_autofree char *folder = g_build_filename ("keep", cache_kind_name (kind), NULL);
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, folder, O_RDONLY | O_DIRECTORY, 0);

  if (fd < 0)
    return fd == -ENOENT ? 0 : fd_steal (&fd);
  return folder_remove (fd, key);
}

static bool
cache_set_error (int errnum, const char *key, GError **error)
{
  if (!sandbox_check_cancelled (error))
    return false;
  return hive_error_set_errno (error, errnum, "Cannot copy %s from the cache", key);
}

bool
cache_take (Builder *builder, CacheKind kind, const char *key, bool *ret_found, GError **error)
{
  bool found = false;
  int r = 0;

  /* Once more when another job replaced the entry meanwhile; the cache can be done without. */
  for (int attempt = 0; attempt < 2 && !found; attempt++)
    {
      g_auto (Fd) from = cache_open (builder, kind, key);
      g_auto (Fd) to = -1;

      if (from < 0)
        break;
      r = cache_forget (builder, kind, key);
      to = r < 0 ? r : cache_make (builder, kind, key);
      r = to < 0 ? to : cache_copy (from, to);
      if (r == -ENOSPC || r == -EDQUOT || r == -EINTR)
        return cache_set_error (-r, key, error);
      found = r == 0;
    }

  if (!found)
    r = cache_forget (builder, kind, key);
  if (ret_found)
    *ret_found = found;
  return r >= 0 ? cache_touch (builder, kind, key, error) : cache_set_error (-r, key, error);
}

bool
cache_touch (Builder *builder, CacheKind kind, const char *key, GError **error)
{
  g_auto (Fd) fd = cache_make (builder, kind, key);

  return fd >= 0 || cache_set_error (-fd, key, error);
}

bool
cache_drop (Builder *builder, CacheKind kind, const char *key, GError **error)
{
  int r = cache_forget (builder, kind, key);

  return r >= 0 || cache_set_error (-r, key, error);
}

bool
cache_promote (Builder *builder, bool tools, GError **error)
{
  int r = folder_remove (builder->work_fd, "start");

  if (r < 0)
    return hive_error_set_errno (error, -r, "Cannot remove start/");
  return cache_store_promote (builder->configuration, builder->work_fd, CACHE_SOURCES, NULL, error) &&
         (!tools || cache_store_promote (builder->configuration, builder->work_fd, CACHE_TOOLS,
                                         builder->request->worker_id, error));
}
