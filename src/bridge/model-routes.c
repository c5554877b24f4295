/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-routes.h"

#include "bus-json.h"
#include "bus.h"
#include "model-json.h"

/* [[path, why]…] as [{"path":…,"why":…}…] */
static int
skipped_read (sd_bus_message *reply, JsonArray **ret_skipped)
{
  g_autoptr (JsonArray) skipped = json_array_new ();
  const char *path, *why;
  int r = sd_bus_message_enter_container (reply, 'a', "(ss)");

  while (r >= 0 && (r = sd_bus_message_read (reply, "(ss)", &path, &why)) > 0)
    {
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "path", path);
      json_object_set_string_member (object, "why", why);
      json_array_add_object_element (skipped, object);
    }
  if (r >= 0)
    *ret_skipped = g_steal_pointer (&skipped);
  return r;
}

static void
models_on_list (Request *request, sd_bus_message *reply)
{
  g_autoptr (JsonNode) models = NULL;
  JsonArray *skipped = NULL;
  JsonObject *object;
  int r = bus_json_read (reply, &models);

  if (r >= 0)
    r = skipped_read (reply, &skipped);
  if (r < 0)
    {
      request_answer_unreadable (request, r);
      return;
    }
  model_json_mend_list (models, request->data, request->bridge->configuration);
  object = json_object_new ();
  json_object_set_member (object, "models", g_steal_pointer (&models));
  json_object_set_array_member (object, "skipped", skipped);
  request_answer_json (request, HTTP_OK, object);
}

static void
models_on_instances (Request *request, sd_bus_message *reply)
{
  JsonNode *instances = NULL;
  int r = bus_json_read (reply, &instances);

  if (r < 0)
    {
      request_answer_unreadable (request, r);
      return;
    }
  request->data = instances;
  request->free_data = (GDestroyNotify)json_node_unref;
  request_call (request, models_on_list, HIVE_PATH, HIVE_INTERFACE, "ListModels", "");
}

void
models_get (Request *request)
{
  request_call (request, models_on_instances, HIVE_PATH, HIVE_INTERFACE, "ListInstances", "");
}

static void
model_on_removed (Request *request, sd_bus_message *reply)
{
  request_answer_status (request, "name", "removed");
}

void
model_delete (Request *request)
{
  request_call (request, model_on_removed, HIVE_PATH, HIVE_INTERFACE, "RemoveModel", "s", request->parameter);
}
