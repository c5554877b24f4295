/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file-copy.h"
#include "file.h"
#include "json.h"
#include "model-record.h"
#include "model-reference.h"
#include "work.h"

#define PHASE     "install"
#define FILES_MAX 999
#define PART      ".incoming"

typedef struct
{
  const Configuration *configuration;
  JsonObject *record;
  const char *name;
  JsonArray *files;
  int from, to; /* model/ of the work directory, and models/ */
} ModelStore;

static int
store_open (const Configuration *configuration, GError **error)
{
  g_autofree char *path = configuration_state_path (configuration, "models", NULL);
  int fd = file_make_directories (path, error) ? open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;

  if (fd < 0 && error && !*error)
    hive_error_set_errno (error, errno, "Cannot open %s", path);
  return fd;
}

static const char *
store_file (const ModelStore *store, guint i, int64_t *ret_size)
{
  JsonNode *node = json_array_get_element (store->files, i);
  JsonObject *file = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;

  *ret_size = file ? json_get_int (file, "size", -1) : -1;
  return file ? json_get_string (file, "name", "") : "";
}

/* The daemon has looked at it, but who writes to models/ looks again. */
static bool
store_check (const ModelStore *store, GError **error)
{
  guint count = store->files ? json_array_get_length (store->files) : 0;
  bool fine = model_name_is_valid (store->name) && count > 0 && count <= FILES_MAX;

  for (guint i = 0; fine && i < count; i++)
    {
      unsigned part, parts;
      int64_t size;
      const char *file = store_file (store, i, &size);
      g_autofree char *name = strchr (file, '/') ? NULL : model_file_name (file, &part, &parts);

      fine = name && g_str_equal (name, store->name) && parts == count && size >= 0;
    }
  if (!fine)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "The request is for no model");
  return fine;
}

static bool
store_check_free (const ModelStore *store, GError **error)
{
  for (guint i = 0; i < json_array_get_length (store->files); i++)
    {
      int64_t size;
      const char *file = store_file (store, i, &size);

      if (faccessat (store->to, file, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        continue;
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FILE_CONFLICT,
                   "There is a model %s already: remove it first (hivectl model remove %s), or choose another name",
                   store->name, store->name);
      return false;
    }
  return true;
}

/* Where the caches are on another file system. */
static int
store_copy (int from, int to)
{
  int r = file_copy (from, to, NULL);

  return r >= 0 && fsync (to) < 0 ? -errno : r;
}

static int
store_move (const ModelStore *store, const char *file, int fd)
{
  g_auto (Fd) to = -1;
  int r = file_rename_new (store->from, file, store->to, file);

  if (r != -EXDEV)
    return r;
  unlinkat (store->to, PART, 0);
  to = file_open_beneath (store->to, PART, O_WRONLY | O_CREAT | O_EXCL, 0644);
  r = to < 0 ? to : store_copy (fd, to);
  if (r >= 0)
    r = file_rename_new (store->to, PART, store->to, file);
  if (r < 0)
    unlinkat (store->to, PART, 0);
  return r;
}

static bool
store_take (const ModelStore *store, const char *file, int64_t size, GError **error)
{
  g_auto (Fd) fd = file_open_beneath (store->from, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  struct stat st;
  int r;

  if (fd < 0 || fstat (fd, &st) < 0)
    return hive_error_set_errno (error, fd < 0 ? -fd : errno, "Cannot open %s", file);
  if (!S_ISREG (st.st_mode) || st.st_nlink != 1 || st.st_size != size)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_PACKAGE_INVALID, "%s is not the file that was checked", file);
      return false;
    }
  if ((geteuid () == 0 && fchown (fd, 0, 0) < 0) || fchmod (fd, 0644) < 0)
    return hive_error_set_errno (error, errno, "Cannot take over %s", file);
  r = store_move (store, file, fd);
  return r >= 0 || hive_error_set_errno (error, -r, "Cannot move %s to the models", file);
}

/* The first part comes last: without it there is no model. */
static bool
store_take_all (const ModelStore *store, GError **error)
{
  guint count = json_array_get_length (store->files);
  int64_t size;

  for (guint i = count; i > 0; i--)
    {
      const char *file = store_file (store, i - 1, &size);

      if (store_take (store, file, size, error))
        continue;
      for (; i < count; i++)
        unlinkat (store->to, store_file (store, i, &size), 0);
      return false;
    }
  file_sync_folder (store->to);
  return true;
}

static bool
store_write_record (const ModelStore *store, GError **error)
{
  g_autofree char *folder = configuration_state_path (store->configuration, "model-records", NULL);
  g_autofree char *file = g_strconcat (store->name, ".json", NULL);
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autofree char *text = json_to_text (store->record, true);

  return file_make_directories (folder, error) && file_replace (path, text, -1, true, error);
}

bool
model_store_add (const Configuration *configuration, LogWriter *log, JsonObject *request, GError **error)
{
  JsonNode *node = json_object_get_member (request, "record");
  JsonObject *record = node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  JsonNode *files = record ? json_object_get_member (record, "files") : NULL;
  ModelStore store = { .configuration = configuration, .record = record };
  g_auto (Fd) work = -1;
  g_auto (Fd) from = -1;
  g_auto (Fd) to = -1;

  store.name = record ? json_get_string (record, "name", "") : "";
  store.files = files && JSON_NODE_HOLDS_ARRAY (files) ? json_node_get_array (files) : NULL;
  if (!store_check (&store, error))
    return false;
  work = work_take (configuration, json_get_string (request, "work", NULL), error);
  if (work < 0)
    return false;
  from = file_open_beneath (work, "model", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  if (from < 0)
    return hive_error_set_errno (error, -from, "Cannot open the files of the model");
  to = store_open (configuration, error);
  store.from = from;
  store.to = to;
  if (to < 0 || !store_check_free (&store, error) || !store_take_all (&store, error) ||
      !store_write_record (&store, error))
    return false;
  log_writer_note (log, PHASE, "✓ Model: %s", store.name);
  return true;
}

bool
model_store_remove (const Configuration *configuration, JsonObject *request, GError **error)
{
  const char *name = json_get_string (request, "name", "");
  g_autofree char *folder = configuration_state_path (configuration, "models", NULL);
  g_autofree char *file = g_strconcat (name, ".json", NULL);
  g_autofree char *record = configuration_state_path (configuration, "model-records", file, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  unsigned part, parts, removed = 0;
  const char *each;

  if (!model_name_check (name, error))
    return false;
  while (dir && (each = g_dir_read_name (dir)))
    {
      g_autofree char *of = model_file_name (each, &part, &parts);
      g_autofree char *path = g_build_filename (folder, each, NULL);

      if (!of || !g_str_equal (of, name))
        continue;
      if (unlink (path) < 0)
        return hive_error_set_errno (error, errno, "Cannot remove %s", path);
      removed++;
    }
  if (unlink (record) < 0 && errno != ENOENT)
    return hive_error_set_errno (error, errno, "Cannot remove %s", record);
  if (removed == 0)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_NOT_FOUND, "The hive has no model %s", name);
  return removed > 0;
}
