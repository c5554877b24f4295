/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-record.h"

#include "error.h"
#include "file.h"
#include "json.h"
#include "worker-id.h"

#define RECORD_MAX (1024 * 1024)

bool
model_name_is_valid (const char *name)
{
  return worker_id_is_valid (name);
}

bool
model_name_check (const char *name, GError **error)
{
  g_autofree char *valid = NULL;

  if (model_name_is_valid (name))
    return true;
  valid = g_utf8_make_valid (name, -1);
  g_set_error (
      error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
      "\"%.120s\" cannot be a model's name: at most 100 letters, digits, dots, dashes and _, a letter or digit "
      "first; choose one (option name)",
      valid);
  return false;
}

JsonObject *
model_record_read (const Configuration *configuration, const char *name)
{
  g_autofree char *file = g_strconcat (name, ".json", NULL);
  g_autofree char *path = configuration_state_path (configuration, "model-records", file, NULL);
  g_autofree char *text = NULL;
  size_t size;

  if (!model_name_is_valid (name))
    return NULL;
  text = file_read (path, RECORD_MAX, &size, NULL);
  return text ? json_parse_object (text, (ssize_t)size, path, HIVE_ERROR_FAILED, NULL) : NULL;
}

static const char *
record_sum (JsonObject *record, const char *path)
{
  JsonNode *node = json_object_get_member (record, "files");
  JsonArray *files = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  g_autofree char *name = g_path_get_basename (path);

  for (guint i = 0; files && i < json_array_get_length (files); i++)
    {
      JsonNode *file = json_array_get_element (files, i);

      if (JSON_NODE_HOLDS_OBJECT (file) &&
          g_str_equal (json_get_string (json_node_get_object (file), "name", ""), name))
        return json_get_string (json_node_get_object (file), "sha256", "");
    }
  return "";
}

void
model_record_add (const Configuration *configuration, JsonObject *model)
{
  g_autoptr (JsonObject) record = model_record_read (configuration, json_get_string (model, "name", ""));
  g_auto (GStrv) files = json_get_strings (model, "files");
  JsonArray *sums;

  if (!record)
    return;
  sums = json_array_new ();
  for (char **file = files; file && *file; file++)
    {
      const char *sum = record_sum (record, *file);

      if (*sum)
        json_array_add_string_element (sums, sum);
    }
  json_object_set_string_member (model, "source", json_get_string (record, "source", ""));
  json_object_set_int_member (model, "added_at", json_get_int (record, "added_at", 0));
  json_object_set_array_member (model, "sha256", sums);
}
