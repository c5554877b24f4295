/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spawn.h"

#include <glib/gi18n.h>
#include <string.h>

#include "bus-json.h"
#include "bus.h"
#include "error.h"
#include "job-post.h"
#include "json.h"
#include "query-operation.h"

#define NAME_LENGTH 44 /* leaves room for a number in the 48 of an instance's name */

typedef struct
{
  char *asked, *model, *format; /* @model NULL: none; @format NULL: not known */
  int64_t index;
  char *worker, *device; /* that were found; @device NULL: none is asked for */
  char *name;
} Spawn;

static void
spawn_free (void *data)
{
  Spawn *spawn = data;

  g_free (spawn->asked);
  g_free (spawn->model);
  g_free (spawn->format);
  g_free (spawn->worker);
  g_free (spawn->device);
  g_free (spawn->name);
  g_free (spawn);
}

static void
spawn_on_started (Request *request, sd_bus_message *reply)
{
  const Spawn *spawn = request->data;
  g_autofree char *id = query_operation_id ("worker_spawn", spawn->name);

  job_post_answer (request, id, HTTP_ACCEPTED);
}

static int
spawn_append (const Spawn *spawn, sd_bus_message *call)
{
  int r;

  if ((r = sd_bus_message_append (call, "s", spawn->worker)) < 0 ||
      (r = sd_bus_message_open_container (call, 'a', "{sv}")) < 0 ||
      (r = sd_bus_message_append (call, "{sv}", "name", "s", spawn->name)) < 0 ||
      (spawn->model && (r = sd_bus_message_append (call, "{sv}", "model", "s", spawn->model)) < 0) ||
      (spawn->device && (r = sd_bus_message_append (call, "{sv}", "device", "s", spawn->device)) < 0))
    return r;
  return sd_bus_message_close_container (call);
}

/* The first of "worker", "worker-2", "worker-3" that no instance has. */
static char *
spawn_choose_name (const Spawn *spawn, JsonNode *instances)
{
  g_autofree char *base = g_ascii_strdown (spawn->worker, MIN (strlen (spawn->worker), NAME_LENGTH));
  g_autofree char *name = g_strdup (g_strcanon (base, G_CSET_a_2_z G_CSET_DIGITS "-", '-'));

  for (unsigned i = 2; json_find (instances, "name", name); i++)
    {
      g_free (name);
      name = g_strdup_printf ("%s-%u", base, i);
    }
  return g_steal_pointer (&name);
}

static void
spawn_on_instances (Request *request, sd_bus_message *reply)
{
  Spawn *spawn = request->data;
  g_autoptr (JsonNode) instances = NULL;
  int r = bus_json_read (reply, &instances);
  sd_bus_message *call;

  if (r < 0)
    {
      request_answer_unreadable (request, r);
      return;
    }
  spawn->name = spawn_choose_name (spawn, instances);
  call = request_new_call (request, HIVE_PATH, HIVE_INTERFACE, "StartWorker");
  if (!call)
    return;
  r = spawn_append (spawn, call);
  if (r >= 0)
    {
      request_send (request, call, spawn_on_started);
      return;
    }
  sd_bus_message_unref (call);
  request_answer_unreadable (request, r);
}

static void
spawn_ask_instances (Request *request)
{
  request_call (request, spawn_on_instances, HIVE_PATH, HIVE_INTERFACE, "ListInstances", "");
}

/* The id of the card @index of those of @type; NULL: there is none. */
static char *
spawn_find_device (JsonNode *capabilities, const char *type, int64_t index)
{
  JsonNode *node = json_object_get_member (json_node_get_object (capabilities), "devices");
  JsonArray *devices = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (guint i = 0; devices && i < json_array_get_length (devices); i++)
    {
      JsonObject *device = json_array_get_object_element (devices, i);

      if (g_str_equal (json_get_string (device, "device_type", ""), type) && index-- == 0)
        return g_strdup (json_get_string (device, "id", ""));
    }
  return NULL;
}

static void
spawn_on_capabilities (Request *request, sd_bus_message *reply)
{
  Spawn *spawn = request->data;
  g_autofree char *type = g_steal_pointer (&spawn->device);
  g_autoptr (JsonNode) capabilities = NULL;
  int r = bus_json_read (reply, &capabilities);

  if (r < 0 || !JSON_NODE_HOLDS_OBJECT (capabilities))
    {
      request_answer_unreadable (request, r < 0 ? r : -EPROTO);
      return;
    }
  spawn->device = spawn_find_device (capabilities, type, spawn->index);
  if (spawn->device)
    spawn_ask_instances (request);
  else
    request_answer_error (request, HIVE_ERROR_DEVICE_UNAVAILABLE, "This machine has no device %lld of type %s",
                          (long long)spawn->index, type);
}

/* Whether it is of the type that was asked for, and takes the model, or none. */
static bool
spawn_would_take (const Spawn *spawn, JsonObject *worker)
{
  JsonNode *node = json_object_get_member (worker, "run");
  JsonObject *run = node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  g_auto (GStrv) formats = run ? json_get_strings (run, "formats") : NULL;

  return formats && g_str_equal (json_get_string (worker, "backend", ""), spawn->asked) &&
         json_get_bool (run, "takes_model", false) == (spawn->model != NULL) &&
         (!spawn->format || !*formats || g_strv_contains ((const char *const *)formats, spawn->format));
}

/* The worker that is named, or the only one of the type. NULL: the request is answered. */
static JsonObject *
spawn_find_worker (Request *request, JsonNode *workers)
{
  const Spawn *spawn = request->data;
  JsonNode *named = json_find (workers, "id", spawn->asked);
  JsonArray *list = JSON_NODE_HOLDS_ARRAY (workers) ? json_node_get_array (workers) : NULL;
  g_autoptr (GString) names = g_string_new (NULL);
  JsonObject *found = NULL;
  unsigned count = 0;

  if (named)
    return json_node_get_object (named);
  for (guint i = 0; list && i < json_array_get_length (list); i++)
    {
      JsonObject *worker = json_array_get_object_element (list, i);

      if (!spawn_would_take (spawn, worker))
        continue;
      g_string_append_printf (names, "%s%s", count++ > 0 ? ", " : "", json_get_string (worker, "id", ""));
      found = worker;
    }
  if (count == 0)
    request_answer_error (request, HIVE_ERROR_NOT_INSTALLED,
                          "No worker that is called \"%s\", or is of that type and takes %s, is installed",
                          spawn->asked, spawn->model ? N_ ("such a model") : N_ ("no model"));
  else if (count > 1)
    request_answer_error (request, HIVE_ERROR_INVALID_ARGUMENT,
                          "Several workers are of the type \"%s\": name one of them (%s)", spawn->asked, names->str);
  return count == 1 ? found : NULL;
}

static void
spawn_on_workers (Request *request, sd_bus_message *reply)
{
  Spawn *spawn = request->data;
  g_autoptr (JsonNode) workers = NULL;
  int r = bus_json_read (reply, &workers);
  JsonObject *worker;
  const char *backend;

  if (r < 0)
    {
      request_answer_unreadable (request, r);
      return;
    }
  worker = spawn_find_worker (request, workers);
  if (!worker)
    return;
  spawn->worker = g_strdup (json_get_string (worker, "id", ""));
  backend = json_get_string (worker, "backend", "");
  if (g_str_equal (backend, "cpu") || !*backend)
    {
      spawn_ask_instances (request);
      return;
    }
  /* Its type, until the card is known. */
  spawn->device = g_strdup (backend);
  request_call (request, spawn_on_capabilities, HIVE_PATH, HIVE_INTERFACE, "GetCapabilities", "");
}

static void
spawn_ask_workers (Request *request)
{
  request_call (request, spawn_on_workers, HIVE_PATH, HIVE_INTERFACE, "ListWorkers", "");
}

/* One that is not there is the hive's to refuse. */
static void
spawn_on_models (Request *request, sd_bus_message *reply)
{
  Spawn *spawn = request->data;
  g_autoptr (JsonNode) models = NULL;
  int r = bus_json_read (reply, &models);
  JsonNode *model = r < 0 ? NULL : json_find (models, *spawn->model == '/' ? "path" : "name", spawn->model);

  if (r < 0)
    {
      request_answer_unreadable (request, r);
      return;
    }
  spawn->format = model ? g_strdup (json_get_string (json_node_get_object (model), "format", NULL)) : NULL;
  spawn_ask_workers (request);
}

void
spawn_worker (Request *request, const char *worker, int64_t index, const char *model)
{
  Spawn *spawn = g_new0 (Spawn, 1);

  spawn->asked = g_strdup (worker);
  spawn->index = index;
  spawn->model = g_strdup (model);
  request->data = spawn;
  request->free_data = spawn_free;
  if (model)
    request_call (request, spawn_on_models, HIVE_PATH, HIVE_INTERFACE, "ListModels", "");
  else
    spawn_ask_workers (request);
}
