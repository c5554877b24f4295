/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stops.h"

#include "bus-json.h"
#include "bus.h"
#include "error.h"
#include "job-post.h"
#include "json.h"
#include "model-json.h"
#include "query-operation.h"
#include "rbee-json.h"

/* Instances that are being ended, one after the other. */
typedef struct
{
  char *id;         /* of the question what came of it */
  char *about;      /* the process, or the model */
  JsonNode *listed; /* ListInstances */
  GPtrArray *names; /* still to be ended */
} Stops;

static void
stops_free (void *data)
{
  Stops *stops = data;

  g_clear_pointer (&stops->listed, json_node_unref);
  g_ptr_array_unref (stops->names);
  g_free (stops->id);
  g_free (stops->about);
  g_free (stops);
}

static Stops *
stops_new (Request *request, const char *operation, const char *about)
{
  Stops *stops = g_new0 (Stops, 1);

  stops->id = query_operation_id (operation, about);
  stops->about = g_strdup (about);
  stops->names = g_ptr_array_new_with_free_func (g_free);
  request->data = stops;
  request->free_data = stops_free;
  return stops;
}

static void
stops_next (Request *request, sd_bus_message *reply)
{
  Stops *stops = request->data;
  g_autofree char *name = stops->names->len > 0 ? g_ptr_array_steal_index (stops->names, 0) : NULL;

  if (name)
    request_call (request, stops_next, HIVE_PATH, HIVE_INTERFACE, "StopInstance", "s", name);
  else
    job_post_answer (request, stops->id, HTTP_OK);
}

static void
stops_on_processes (Request *request, sd_bus_message *reply)
{
  Stops *stops = request->data;
  int r = bus_json_read (reply, &stops->listed);
  JsonObject *instance = r < 0 ? NULL : rbee_find_process (stops->listed, stops->about);

  if (r < 0)
    {
      request_answer_unreadable (request, r);
      return;
    }
  if (!instance)
    {
      request_answer_error (request, HIVE_ERROR_NOT_RUNNING, "Process %s is none of an instance", stops->about);
      return;
    }
  g_ptr_array_add (stops->names, g_strdup (json_get_string (instance, "name", "")));
  stops_next (request, NULL);
}

void
stop_process (Request *request, const char *pid)
{
  stops_new (request, "worker_process_delete", pid);
  request_call (request, stops_on_processes, HIVE_PATH, HIVE_INTERFACE, "ListInstances", "");
}

static void
stops_on_models (Request *request, sd_bus_message *reply)
{
  Stops *stops = request->data;
  g_autoptr (JsonNode) models = NULL;
  int r = bus_json_read (reply, &models);
  JsonNode *model;
  JsonArray *users;

  if (r < 0)
    {
      request_answer_unreadable (request, r);
      return;
    }
  model_json_mend_list (models, stops->listed, request->bridge->configuration);
  model = json_find (models, "name", stops->about);
  if (!model)
    {
      request_answer_error (request, HIVE_ERROR_MODEL_NOT_FOUND, "There is no model %s", stops->about);
      return;
    }
  users = json_object_get_array_member (json_node_get_object (model), "used_by");
  for (guint i = 0; i < json_array_get_length (users); i++)
    g_ptr_array_add (stops->names, g_strdup (json_array_get_string_element (users, i)));
  if (stops->names->len > 0)
    stops_next (request, NULL);
  else
    request_answer_error (request, HIVE_ERROR_NOT_RUNNING, "No instance runs with the model %s", stops->about);
}

static void
stops_on_users (Request *request, sd_bus_message *reply)
{
  Stops *stops = request->data;
  int r = bus_json_read (reply, &stops->listed);

  if (r < 0)
    request_answer_unreadable (request, r);
  else
    request_call (request, stops_on_models, HIVE_PATH, HIVE_INTERFACE, "ListModels", "");
}

void
stop_users_of_model (Request *request, const char *model)
{
  stops_new (request, "model_unload", model);
  request_call (request, stops_on_users, HIVE_PATH, HIVE_INTERFACE, "ListInstances", "");
}
