/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-verify.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "copy.h"
#include "error.h"
#include "file.h"
#include "json.h"
#include "model-record.h"

/* NULL: nothing is wrong with it. */
static const char *
file_problem (int folder, JsonObject *file)
{
  g_auto (Fd) fd =
      file_open_beneath (folder, json_get_string (file, "name", ""), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  const char *expected = json_get_string (file, "sha256", "");
  int64_t size = json_get_int (file, "size", -1);
  g_autofree char *sum = NULL;
  uint64_t bytes;
  struct stat st;

  if (fd < 0)
    return fd == -ENOENT ? "missing" : "unreadable";
  if (fstat (fd, &st) < 0)
    return "unreadable";
  if (!S_ISREG (st.st_mode) || st.st_size != size)
    return "changed";
  if (!*expected)
    return "unknown";
  sum = copy_sum (fd, (uint64_t)size, &bytes);
  if (!sum)
    return errno == EFBIG ? "changed" : "unreadable";
  return g_str_equal (sum, expected) ? NULL : "changed";
}

JsonObject *
model_verify_run (const Configuration *configuration, JsonObject *request, GError **error)
{
  const char *name = json_get_string (request, "model", "");
  g_autofree char *path = configuration_state_path (configuration, "models", NULL);
  g_autoptr (JsonObject) record = model_record_read (configuration, name);
  JsonNode *node = record ? json_object_get_member (record, "files") : NULL;
  JsonArray *files = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  g_auto (Fd) folder = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  JsonArray *problems;
  JsonObject *answer;

  if (!files)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_NOT_FOUND,
                   "Nothing is noted of a model %s: what was pulled or imported can be verified", name);
      return NULL;
    }
  problems = json_array_new ();
  for (guint i = 0; i < json_array_get_length (files); i++)
    {
      JsonNode *each = json_array_get_element (files, i);
      JsonObject *file = JSON_NODE_HOLDS_OBJECT (each) ? json_node_get_object (each) : NULL;
      const char *what = file ? file_problem (folder, file) : NULL;
      JsonArray *pair;

      if (!what)
        continue;
      pair = json_array_new ();
      json_array_add_string_element (pair, json_get_string (file, "name", ""));
      json_array_add_string_element (pair, what);
      json_array_add_array_element (problems, pair);
    }
  answer = json_object_new ();
  json_object_set_array_member (answer, "problems", problems);
  return answer;
}
