/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-import.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "file-copy.h"
#include "file.h"
#include "model-delivery.h"
#include "pipeline.h"
#include "sandbox.h"
#include "size.h"

static bool
import_changed (const struct stat *before, const struct stat *after)
{
  return before->st_size != after->st_size || before->st_mtim.tv_sec != after->st_mtim.tv_sec ||
         before->st_mtim.tv_nsec != after->st_mtim.tv_nsec || before->st_ctim.tv_sec != after->st_ctim.tv_sec ||
         before->st_ctim.tv_nsec != after->st_ctim.tv_nsec;
}

static bool
import_check_kind (const struct stat *st, GError **error)
{
  if (S_ISREG (st->st_mode))
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_INVALID,
               "What was handed over is %s: a model is imported from a regular file",
               S_ISFIFO (st->st_mode)                         ? "a FIFO" :
               S_ISCHR (st->st_mode) || S_ISBLK (st->st_mode) ? "a device" :
               S_ISDIR (st->st_mode)                          ? "a folder" :
                                                                "no file");
  return false;
}

/* Some file systems say what a file is made of only later: a copy of another length is none. */
static bool
import_copy (const Builder *builder, const char *file, GError **error)
{
  g_autofree char *path = g_build_filename ("model", file, NULL);
  struct stat before, after, copied;
  g_auto (Fd) to = -1;
  int r;

  if (fstat (STDIN_FILENO, &before) < 0)
    return hive_error_set_errno (error, errno, "Cannot look at what was handed over");
  if (!import_check_kind (&before, error) || !model_delivery_check_space (builder, (uint64_t)before.st_size, error))
    return false;
  to = file_open_beneath (builder->work_fd, path, O_RDWR | O_CREAT | O_EXCL, 0644);
  if (to < 0)
    return hive_error_set_errno (error, -to, "Cannot write %s", path);
  if (lseek (STDIN_FILENO, 0, SEEK_SET) < 0)
    return hive_error_set_errno (error, errno, "Cannot read what was handed over");
  r = file_copy (STDIN_FILENO, to, sandbox_was_cancelled);
  if (r == -EINTR)
    return sandbox_check_cancelled (error);
  if (r < 0)
    return hive_error_set_errno (error, -r, "Cannot copy %s to %s", file, builder->configuration->cache_directory);
  if (fstat (STDIN_FILENO, &after) < 0 || fstat (to, &copied) < 0)
    return hive_error_set_errno (error, errno, "Cannot look at %s", file);
  if (!import_changed (&before, &after) && copied.st_size == before.st_size)
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_INVALID,
               "%s changed while it was copied: import it again when it is whole", file);
  return false;
}

static bool
import_all (const Builder *builder, JsonObject *result, GError **error)
{
  const JobRequest *request = builder->request;
  g_autofree char *file = g_strconcat (request->worker_id, ".gguf", NULL);

  log_writer_note (builder->log, builder->phase, "📥 Importing %s", request->worker_id);
  return model_delivery_make_folder (builder, error) && import_copy (builder, file, error) &&
         model_delivery_add (builder, result, file, request->model_sha256, error);
}

int
model_import_run (const Configuration *configuration, const JobRequest *request, LogWriter *log)
{
  g_auto (Fd) work = open (request->work, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  const Builder builder = {
    .configuration = configuration, .request = request, .log = log, .phase = "sources", .work_fd = work
  };
  g_autoptr (JsonObject) result = model_delivery_new (request->worker_id, "import");
  g_autoptr (GError) error = NULL;

  if (work < 0)
    hive_error_set_errno (&error, errno, "Cannot open %s", request->work);
  else if (import_all (&builder, result, &error))
    return model_delivery_finish (&builder, result);
  return pipeline_fail (&builder, error);
}
