/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-result.h"

#include <string.h>

#include "error.h"
#include "json.h"
#include "model-record.h"
#include "model-reference.h"

#define SOURCE_MAX 2048
#define FILES_MAX  999

static bool
file_is_usable (JsonNode *node, const char *name, guint count)
{
  JsonObject *file = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  unsigned part, parts;
  g_autofree char *of = file ? model_file_name (json_get_string (file, "name", ""), &part, &parts) : NULL;
  const char *sum = file ? json_get_string (file, "sha256", "-") : "-";

  return of && g_str_equal (of, name) && parts == count && json_get_int (file, "size", -1) >= 0 &&
         (!*sum || (strlen (sum) == 64 && strspn (sum, "0123456789abcdef") == 64));
}

static bool
result_is_usable (const Job *job, JsonObject *result)
{
  const char *name = json_get_string (result, "name", "");
  JsonNode *node = json_object_get_member (result, "files");
  JsonArray *files = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  guint count = files ? json_array_get_length (files) : 0;

  /* What a repository's only model is called is known to nobody before. */
  if (!model_name_is_valid (name) || (job->operation == JOB_IMPORT && !g_str_equal (name, job->worker_id)) ||
      count == 0 || count > FILES_MAX || strlen (json_get_string (result, "source", "")) > SOURCE_MAX)
    return false;
  for (guint i = 0; i < count; i++)
    if (!file_is_usable (json_array_get_element (files, i), name, count))
      return false;
  return true;
}

JsonObject *
model_result_parse (const Job *job, const char *text, GError **error)
{
  g_autoptr (JsonObject) result =
      text ? json_parse_object (text, -1, "The builder's result", HIVE_ERROR_BUILD_FAILED, error) : NULL;

  if (result && result_is_usable (job, result))
    {
      json_object_set_int_member (result, "format", 1);
      json_object_set_string_member (result, "job", job->id);
      json_object_set_int_member (result, "added_at", g_get_real_time ());
      json_object_set_int_member (result, "added_by", job->owner);
      return g_steal_pointer (&result);
    }
  if (!error || !*error)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_BUILD_FAILED, "The builder's result has no usable model");
  return NULL;
}
