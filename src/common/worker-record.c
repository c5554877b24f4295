/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker-record.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "json.h"

#define FORMAT          1
#define RECORD_MAX_SIZE (256 * 1024 * 1024) /* 200,000 files of long names fit */

WorkerFile *
worker_file_new (void)
{
  return g_new0 (WorkerFile, 1);
}

void
worker_file_free (WorkerFile *file)
{
  if (!file)
    return;
  g_free (file->path);
  g_free (file->sha256);
  g_free (file->target);
  g_free (file);
}

WorkerRecord *
worker_record_new (void)
{
  WorkerRecord *record = g_new0 (WorkerRecord, 1);

  record->files = g_ptr_array_new_with_free_func ((GDestroyNotify)worker_file_free);
  record->directories = g_new0 (char *, 1);
  return record;
}

/* The members that are plain strings, and their keys. */
static const struct
{
  const char *key;
  size_t offset;
} strings[] = {
  { "id", G_STRUCT_OFFSET (WorkerRecord, id) },
  { "name", G_STRUCT_OFFSET (WorkerRecord, name) },
  { "version", G_STRUCT_OFFSET (WorkerRecord, version) },
  { "pkgname", G_STRUCT_OFFSET (WorkerRecord, pkgname) },
  { "pkgver", G_STRUCT_OFFSET (WorkerRecord, pkgver) },
  { "pkgrel", G_STRUCT_OFFSET (WorkerRecord, pkgrel) },
  { "description", G_STRUCT_OFFSET (WorkerRecord, description) },
  { "license", G_STRUCT_OFFSET (WorkerRecord, license) },
  { "backend", G_STRUCT_OFFSET (WorkerRecord, backend) },
  { "cpu", G_STRUCT_OFFSET (WorkerRecord, cpu) },
  { "source", G_STRUCT_OFFSET (WorkerRecord, source) },
  { "catalog", G_STRUCT_OFFSET (WorkerRecord, catalog) },
  { "catalog_name", G_STRUCT_OFFSET (WorkerRecord, catalog_name) },
  { "recipe_sha256", G_STRUCT_OFFSET (WorkerRecord, recipe_sha256) },
  { "binary", G_STRUCT_OFFSET (WorkerRecord, binary) },
  { "job", G_STRUCT_OFFSET (WorkerRecord, job) },
  { "run", G_STRUCT_OFFSET (WorkerRecord, run) },
};

void
worker_record_free (WorkerRecord *record)
{
  if (!record)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS (strings); i++)
    g_free (G_STRUCT_MEMBER (char *, record, strings[i].offset));
  g_ptr_array_unref (record->files);
  g_clear_pointer (&record->build, json_object_unref);
  g_strfreev (record->directories);
  g_free (record);
}

static WorkerFile *
worker_file_from_json (JsonObject *object)
{
  g_autoptr (WorkerFile) file = worker_file_new ();
  const char *type = json_get_string (object, "type", "");
  int64_t size = json_get_int (object, "size", 0);

  file->path = g_strdup (json_get_string (object, "path", NULL));
  file->symlink = g_str_equal (type, "symlink");
  file->mode = g_ascii_strtoull (json_get_string (object, "mode", "0"), NULL, 8);
  file->size = MAX (size, 0);
  file->sha256 = g_strdup (json_get_string (object, "sha256", NULL));
  file->target = g_strdup (json_get_string (object, "target", NULL));

  if (!file->path || !(file->symlink ? !!file->target : g_str_equal (type, "file") && file->sha256))
    return NULL;
  return g_steal_pointer (&file);
}

static JsonObject *
worker_file_to_json (const WorkerFile *file)
{
  JsonObject *object = json_object_new ();
  g_autofree char *mode = g_strdup_printf ("%04o", file->mode);

  json_object_set_string_member (object, "path", file->path);
  json_object_set_string_member (object, "type", file->symlink ? "symlink" : "file");
  if (file->symlink)
    {
      json_object_set_string_member (object, "target", file->target);
      return object;
    }
  json_object_set_string_member (object, "mode", mode);
  json_object_set_int_member (object, "size", file->size);
  json_object_set_string_member (object, "sha256", file->sha256);
  return object;
}

static bool
worker_record_read_files (WorkerRecord *record, JsonObject *object)
{
  JsonNode *node = json_object_get_member (object, "files");
  JsonArray *array = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (guint i = 0; array && i < json_array_get_length (array); i++)
    {
      JsonNode *element = json_array_get_element (array, i);
      WorkerFile *file =
          JSON_NODE_HOLDS_OBJECT (element) ? worker_file_from_json (json_node_get_object (element)) : NULL;

      if (!file)
        return false;
      g_ptr_array_add (record->files, file);
    }

  return true;
}

WorkerRecord *
worker_record_from_json (JsonObject *object, const char *name, GError **error)
{
  g_autoptr (WorkerRecord) record = worker_record_new ();
  int64_t size = json_get_int (object, "size", 0);
  JsonNode *build = json_object_get_member (object, "build");
  char **directories = json_get_strings (object, "directories");

  for (size_t i = 0; i < G_N_ELEMENTS (strings); i++)
    G_STRUCT_MEMBER (char *, record, strings[i].offset) = g_strdup (json_get_string (object, strings[i].key, ""));
  record->installed_at = json_get_int (object, "installed_at", 0);
  record->installed_by = json_get_int (object, "installed_by", 0);
  record->size = MAX (size, 0);
  if (build && JSON_NODE_HOLDS_OBJECT (build))
    record->build = json_object_ref (json_node_get_object (build));
  if (directories)
    {
      g_strfreev (record->directories);
      record->directories = directories;
    }

  if (json_get_int (object, "format", FORMAT) != FORMAT || !worker_record_read_files (record, object))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "%s is damaged, or written by a newer rbee-hive", name);
      return NULL;
    }

  return g_steal_pointer (&record);
}

JsonObject *
worker_record_to_json (const WorkerRecord *record)
{
  JsonObject *object = json_object_new ();
  JsonArray *files = json_array_new ();

  json_object_set_int_member (object, "format", FORMAT);
  for (size_t i = 0; i < G_N_ELEMENTS (strings); i++)
    {
      const char *value = G_STRUCT_MEMBER (char *, record, strings[i].offset);

      json_object_set_string_member (object, strings[i].key, value ? value : "");
    }
  json_object_set_int_member (object, "installed_at", record->installed_at);
  json_object_set_int_member (object, "installed_by", record->installed_by);
  json_object_set_int_member (object, "size", record->size);
  for (guint i = 0; i < record->files->len; i++)
    json_array_add_object_element (files, worker_file_to_json (record->files->pdata[i]));
  json_object_set_array_member (object, "files", files);
  json_set_strings (object, "directories", record->directories);
  if (record->build)
    json_object_set_object_member (object, "build", json_object_ref (record->build));
  return object;
}

WorkerRecord *
worker_record_read (const char *directory, const char *id, GError **error)
{
  g_autofree char *path = g_strdup_printf ("%s/%s.json", directory, id);
  g_autofree char *text = NULL;
  g_autoptr (JsonObject) object = NULL;
  size_t size;

  if (access (path, F_OK) < 0 && errno == ENOENT)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_NOT_INSTALLED, N_ ("The worker \"%s\" is not installed"), id);
      return NULL;
    }

  text = file_read (path, RECORD_MAX_SIZE, &size, error);
  if (!text)
    return NULL;
  object = json_parse_object (text, size, path, HIVE_ERROR_FAILED, error);
  return object ? worker_record_from_json (object, path, error) : NULL;
}

const char *
worker_record_name (const WorkerRecord *record)
{
  return record->name && *record->name ? record->name : record->id;
}

const WorkerFile *
worker_record_find (const WorkerRecord *record, const char *path)
{
  guint low = 0, high = record->files->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      const WorkerFile *file = record->files->pdata[middle];
      int order = strcmp (path, file->path);

      if (order == 0)
        return file;
      if (order < 0)
        high = middle;
      else
        low = middle + 1;
    }

  return NULL;
}
