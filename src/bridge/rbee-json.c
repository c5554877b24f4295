/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rbee-json.h"

#include <string.h>

#include "json.h"

static void
set_string (JsonObject *object, const char *name, JsonObject *from, const char *key)
{
  json_object_set_string_member (object, name, json_get_string (from, key, ""));
}

static void
set_time (JsonObject *object, const char *name, JsonObject *from, const char *key)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (json_get_int (from, key, 0) / G_USEC_PER_SEC);
  g_autofree char *text = time ? g_date_time_format_iso8601 (time) : NULL;

  json_object_set_string_member (object, name, text ? text : "");
}

JsonObject *
rbee_worker (JsonObject *worker)
{
  JsonObject *object = json_object_new ();

  set_string (object, "id", worker, "id");
  set_string (object, "name", worker, "pkgname");
  set_string (object, "worker_type", worker, "backend");
  json_object_set_string_member (object, "platform", "linux");
  set_string (object, "version", worker, "version");
  json_object_set_int_member (object, "size", json_get_int (worker, "size", 0));
  set_string (object, "path", worker, "binary");
  set_time (object, "added_at", worker, "installed_at");
  return object;
}

JsonObject *
rbee_process (JsonObject *instance)
{
  const char *state = json_get_string (instance, "state", ""), *address = json_get_string (instance, "address", "");
  const char *port = g_str_has_prefix (address, "http") ? strrchr (address, ':') + 1 : "0";
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "pid", json_get_int (instance, "main_pid", 0));
  set_string (object, "worker_id", instance, "name");
  set_string (object, "model", instance, "model");
  set_string (object, "device", instance, "device");
  json_object_set_int_member (object, "port", (gint64)g_ascii_strtoull (port, NULL, 10));
  json_object_set_string_member (object, "status", g_str_equal (state, "ready") ? "running" : state);
  set_string (object, "address", instance, "address");
  return object;
}

JsonObject *
rbee_model (JsonObject *model)
{
  JsonArray *users = json_object_get_array_member (model, "used_by");
  JsonObject *object = json_object_new ();

  set_string (object, "id", model, "name");
  set_string (object, "name", model, "name");
  json_object_set_int_member (object, "size", json_get_int (model, "size", 0));
  set_string (object, "path", model, "path");
  json_object_set_boolean_member (object, "loaded", json_array_get_length (users) > 0);
  json_object_set_string_member (object, "status", "available");
  set_time (object, "added_at", model, "added_at");
  return object;
}

JsonArray *
rbee_list (JsonNode *list, const char *key, JsonObject *(*make) (JsonObject *element))
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (list) ? json_node_get_array (list) : NULL;
  JsonArray *made = json_array_new ();

  for (guint i = 0; array && i < json_array_get_length (array); i++)
    {
      JsonObject *element = json_array_get_object_element (array, i);

      if (!key || json_get_int (element, key, 0) != 0)
        json_array_add_object_element (made, make (element));
    }
  return made;
}

JsonObject *
rbee_find_process (JsonNode *instances, const char *pid)
{
  JsonArray *list = JSON_NODE_HOLDS_ARRAY (instances) ? json_node_get_array (instances) : NULL;
  int64_t number = g_ascii_strtoll (pid, NULL, 10);

  for (guint i = 0; list && number > 0 && i < json_array_get_length (list); i++)
    if (json_get_int (json_array_get_object_element (list, i), "main_pid", 0) == number)
      return json_array_get_object_element (list, i);
  return NULL;
}
