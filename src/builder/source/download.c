/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "download.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "catalog.h"
#include "fetch.h"
#include "file-copy.h"
#include "file.h"
#include "sandbox.h"
#include "size.h"
#include "validator.h"

static bool
download_run (Builder *builder, SourceEntry *wanted, int fd, char **validator, GError **error)
{
  g_autofree char *encoding = NULL;
  g_autofree char *why = NULL;
  g_autofree char *start = g_build_filename (builder->request->work, "start", NULL); /* of the same file system */
  const Fetch fetch = { .configuration = builder->configuration,
                        .url = source_address (wanted->source),
                        .max_size = builder->configuration->max_download_size,
                        .timeout = builder->configuration->download_timeout,
                        .catalog = builder->catalog->own,
                        .mirrored = wanted->source->mirror != NULL,
                        .secure =
                            !source_entry_is_summed (wanted), /* nothing else says that it was not changed on its way */
                        .log = builder->log,
                        .phase = "sources",
                        .progress = true,
                        .folder = start,
                        .ret_encoding = &encoding };
  FetchResult result = fetch_resume (&fetch, fd, validator, &why);

  if (!sandbox_check_cancelled (error))
    return false;
  g_free (wanted->encoding);
  wanted->encoding = g_steal_pointer (&encoding);
  return result == FETCH_OK || fetch_set_source_error (result, why, builder->request->work, error);
}

/* What has no sum, or is not for everybody, is never kept. */
static int
download_anew (Builder *builder, SourceEntry *wanted, const char *path, GError **error)
{
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, path, O_RDWR | O_CREAT | O_EXCL, 0644);
  g_autofree char *validator = g_strdup ("");

  if (fd < 0)
    {
      hive_error_set_errno (error, -fd, "Cannot write %s", path);
      return -1;
    }
  return download_run (builder, wanted, fd, &validator, error) && source_entry_verify (wanted, fd, error) ?
             fd_steal (&fd) :
             -1;
}

/* The folder keep/sources/KEY, with what the cache had. */
static int
download_open_kept (Builder *builder, const char *key, GError **error)
{
  g_autofree char *path = cache_path (builder, CACHE_SOURCES, key);
  int fd;

  if (!cache_take (builder, CACHE_SOURCES, key, NULL, error))
    return -1;
  fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    hive_error_set_errno (error, errno, "Cannot open %s", path);
  return fd;
}

/* The cache's copy, if it has one and it is what the recipe wants; the kept folder is empty after that. */
static int
download_from_cache (Builder *builder, SourceEntry *wanted, int kept, const char *path, GError **error)
{
  g_auto (Fd) fd = file_open_beneath (kept, "data", O_RDONLY | O_NOFOLLOW, 0);
  g_autoptr (GError) failure = NULL;

  if (fd < 0)
    return -1;
  if (source_entry_verify (wanted, fd, &failure))
    {
      if (renameat (kept, "data", builder->work_fd, path) == 0)
        return fd_steal (&fd);
      hive_error_set_errno (error, errno, "Cannot write %s", path);
      return -1;
    }
  if (failure->code == HIVE_ERROR_CHECKSUM_MISMATCH)
    log_writer_note (builder->log, "sources", "⚠ %s in the cache is not what the recipe expects: fetching it again",
                     wanted->source->name);
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  unlinkat (kept, "data", 0);
  return -1;
}

/* Fetches the rest of the part, or all. Once more from the start when the two did not fit together. */
static bool
download_to_part (Builder *builder, SourceEntry *wanted, int kept, int fd, GError **error)
{
  g_autofree char *validator = validator_read (kept);
  g_autoptr (GError) failure = NULL;
  struct stat st;

  if (fstat (fd, &st) < 0)
    return hive_error_set_errno (error, errno, "Cannot look at a download");
  if (st.st_size > 0)
    {
      g_autofree char *size = size_to_string (st.st_size);

      log_writer_note (builder->log, "sources", "↻ Resuming %s at %s", wanted->source->name, size);
    }
  if (!download_run (builder, wanted, fd, &validator, error))
    {
      validator_write (kept, validator);
      return false;
    }
  if (source_entry_verify (wanted, fd, &failure))
    return true;
  if (st.st_size == 0 || failure->code != HIVE_ERROR_CHECKSUM_MISMATCH)
    {
      unlinkat (kept, "part", 0);
      g_propagate_error (error, g_steal_pointer (&failure));
      return false;
    }

  log_writer_note (builder->log, "sources", "⚠ %s is not what the recipe expects: fetching all of it again",
                   wanted->source->name);
  if (ftruncate (fd, 0) < 0)
    return hive_error_set_errno (error, errno, "Cannot empty a download");
  validator_remove (kept);
  return download_to_part (builder, wanted, kept, fd, error);
}

/* A second name instead of a copy, where the file system has such: the sandboxes cannot write to start/. */
static int
download_give (int kept, int work_fd, const char *path)
{
  g_auto (Fd) from = -1;
  g_auto (Fd) to = -1;

  if (linkat (kept, "data", work_fd, path, 0) == 0)
    return 0;
  if (errno == EEXIST || errno == ENOENT)
    return -errno;
  from = file_open_beneath (kept, "data", O_RDONLY | O_NOFOLLOW, 0);
  to = from < 0 ? from : file_open_beneath (work_fd, path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  return to < 0 ? to : file_copy (from, to, sandbox_was_cancelled);
}

int
download_fetch (Builder *builder, SourceEntry *wanted, const char **ret_how, GError **error)
{
  int r;
  g_autofree char *path = g_build_filename ("start", wanted->source->name, NULL);
  g_autofree char *key = cache_key ("file", wanted->source->url, NULL);
  g_autoptr (GError) failure = NULL;
  g_auto (Fd) kept = -1;
  g_auto (Fd) fd = -1;

  *ret_how = "";
  if (!source_entry_is_summed (wanted) || source_is_private (wanted->source))
    return download_anew (builder, wanted, path, error);

  kept = download_open_kept (builder, key, error);
  if (kept < 0)
    return -1;
  fd = download_from_cache (builder, wanted, kept, path, &failure);
  if (fd >= 0)
    *ret_how = ", from the cache";
  if (fd >= 0 || failure)
    {
      if (failure)
        g_propagate_error (error, g_steal_pointer (&failure));
      return fd_steal (&fd);
    }

  fd = file_open_beneath (kept, "part", O_RDWR | O_CREAT | O_NOFOLLOW, 0644);
  if (fd < 0)
    {
      hive_error_set_errno (error, -fd, "Cannot write a download");
      return -1;
    }
  if (!download_to_part (builder, wanted, kept, fd, error))
    return -1;

  validator_remove (kept);
  r = renameat (kept, "part", kept, "data") < 0 ? -errno : download_give (kept, builder->work_fd, path);
  if (r < 0)
    {
      hive_error_set_errno (error, -r, "Cannot write %s", path);
      return -1;
    }
  return fd_steal (&fd);
}
