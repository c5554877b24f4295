/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-delivery.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "checksum.h"
#include "file.h"
#include "gguf-child.h"
#include "json.h"
#include "page.h"
#include "pipeline.h"
#include "sandbox.h"
#include "size.h"

JsonObject *
model_delivery_new (const char *name, const char *source)
{
  JsonObject *result = json_object_new ();

  json_object_set_string_member (result, "name", name);
  json_object_set_string_member (result, "source", source);
  json_object_set_array_member (result, "files", json_array_new ());
  return result;
}

bool
model_delivery_make_folder (const Builder *builder, GError **error)
{
  return mkdirat (builder->work_fd, "model", 0755) == 0 ||
         hive_error_set_errno (error, errno, "Cannot make a folder in %s", builder->request->work);
}

bool
model_delivery_check_space (const Builder *builder, uint64_t size, GError **error)
{
  uint64_t keep = builder->configuration->keep_free, left;
  g_autofree char *wanted = size_to_string (size);
  g_autofree char *kept = size_to_string (keep);
  g_autofree char *free = NULL;
  struct statvfs st;

  if (fstatvfs (builder->work_fd, &st) < 0)
    return hive_error_set_errno (error, errno, "Cannot look at %s", builder->request->work);
  left = (uint64_t)st.f_bavail * st.f_frsize;
  if (size <= left && left - size >= keep)
    return true;
  free = size_to_string (left);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_NO_SPACE,
               "The model has %s, and %s has %s left, of which KeepFree= in hive.conf keeps %s", wanted,
               builder->configuration->cache_directory, free, kept);
  return false;
}

static bool
delivery_check_sum (const Builder *builder, int fd, const char *file, const char *sha256, GError **error)
{
  static const bool wanted[CHECKSUM_KINDS] = { [CHECKSUM_SHA256] = true };
  char *sums[CHECKSUM_KINDS] = { NULL };
  char start[512];
  ssize_t n = pread (fd, start, sizeof start, 0);
  const char *instead = n >= 0 ? page_describe_instead (file, start, (size_t)n) : NULL;
  bool same;

  log_writer_note (builder->log, builder->phase, "🔐 Checking the sum of %s", file);
  if (!checksum_of_fd (fd, wanted, sums, error))
    return false;
  same = g_ascii_strcasecmp (sums[CHECKSUM_SHA256], sha256) == 0;
  if (!same && instead)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CHECKSUM_MISMATCH,
                 "%s is not that file: the server sent %s; its sha256 is %s, and %s was expected", file, instead,
                 sums[CHECKSUM_SHA256], sha256);
  else if (!same)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CHECKSUM_MISMATCH, "%s has the sha256 %s, and %s was expected", file,
                 sums[CHECKSUM_SHA256], sha256);
  checksum_clear (sums);
  return same;
}

bool
model_delivery_add (const Builder *builder, JsonObject *result, const char *file, const char *sha256, GError **error)
{
  g_autofree char *path = g_build_filename ("model", file, NULL);
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, path, O_RDONLY | O_NOFOLLOW, 0);
  g_autofree char *lower = g_ascii_strdown (sha256 ? sha256 : "", -1);
  JsonObject *object;
  struct stat st;
  Gguf gguf;

  if (fd < 0 || fstat (fd, &st) < 0)
    return hive_error_set_errno (error, fd < 0 ? -fd : errno, "Cannot open %s", file);
  if (!gguf_child_read (fd, file, &gguf, error))
    return false;
  if (sha256 && !delivery_check_sum (builder, fd, file, sha256, error))
    return false;
  if (!sandbox_check_cancelled (error))
    return false;
  object = json_object_new ();
  json_object_set_string_member (object, "name", file);
  json_object_set_int_member (object, "size", st.st_size);
  json_object_set_string_member (object, "sha256", lower);
  json_array_add_object_element (json_object_get_array_member (result, "files"), object);
  return true;
}

static int
delivery_exit (int written, int status)
{
  return written == -ENOSPC || written == -EDQUOT ? JOB_EXIT_NO_SPACE : status;
}

int
model_delivery_finish (const Builder *builder, JsonObject *result)
{
  g_autofree char *text = json_to_text (result, false);

  return delivery_exit (log_writer_write (builder->log, builder->phase, LOG_STREAM_RESULT, text, -1), JOB_EXIT_READY);
}
