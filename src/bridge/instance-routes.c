/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance-routes.h"

#include <errno.h>
#include <stdlib.h>

#include "body.h"
#include "bus-json.h"
#include "bus.h"
#include "error.h"
#include "json.h"
#include "worker-id.h"

/* What StartWorker takes, as a body has it. */
static const BodyField fields[] = {
  { "worker_id", 's' }, { "name", 's' },       { "model", 's' },         { "device", 's' },
  { "listen", 's' },    { "memory_max", 's' }, { "context", 'u' },       { "idle_stop", 'u' },
  { "boot", 'b' },      { "allow_cpu", 'b' },  { "start_timeout", 'u' }, { NULL },
};

static const BodyField boot_fields[] = { { "boot", 'b' }, { NULL } };

static void
instances_on_list (Request *request, sd_bus_message *reply)
{
  request_answer_list (request, reply, "instances");
}

void
instances_get (Request *request)
{
  request_call (request, instances_on_list, HIVE_PATH, HIVE_INTERFACE, "ListInstances", "");
}

/* The instance @name of ListInstances. NULL: there is none, and the request is answered. */
static JsonObject *
instance_read (Request *request, sd_bus_message *reply, const char *name)
{
  g_autoptr (JsonNode) list = NULL;
  int r = bus_json_read (reply, &list);
  JsonNode *found = r < 0 ? NULL : json_find (list, "name", name);

  if (r < 0)
    request_answer_unreadable (request, r);
  else if (!found)
    request_answer_error (request, HIVE_ERROR_NOT_RUNNING, "There is no instance %s", name);
  return found ? json_node_dup_object (found) : NULL;
}

static void
instance_on_list (Request *request, sd_bus_message *reply)
{
  JsonObject *instance = instance_read (request, reply, request->parameter);

  if (instance)
    request_answer_json (request, HTTP_OK, instance);
}

void
instance_get (Request *request)
{
  request_call (request, instance_on_list, HIVE_PATH, HIVE_INTERFACE, "ListInstances", "");
}

static void
instance_on_changed (Request *request, sd_bus_message *reply)
{
  instance_get (request);
}

static void
instance_on_list_of_started (Request *request, sd_bus_message *reply)
{
  JsonObject *instance = instance_read (request, reply, request->data);

  if (instance)
    request_answer_json (request, HTTP_CREATED, instance);
}

static void
instance_on_started (Request *request, sd_bus_message *reply)
{
  const char *path;
  char *name = NULL;
  int r = sd_bus_message_read (reply, "o", &path);

  if (r < 0 || (r = sd_bus_path_decode (path, INSTANCE_PREFIX, &name)) <= 0)
    {
      request_answer_unreadable (request, r < 0 ? r : -EPROTO);
      return;
    }
  request->data = name;
  request->free_data = free;
  request_call (request, instance_on_list_of_started, HIVE_PATH, HIVE_INTERFACE, "ListInstances", "");
}

void
instances_post (Request *request)
{
  g_autoptr (JsonObject) body = body_read (request, fields);
  g_autoptr (GError) error = NULL;
  const char *worker;
  sd_bus_message *call;
  int r;

  if (!body)
    return;
  worker = json_get_string (body, "worker_id", NULL);
  if (!worker || !worker_id_check (worker, &error))
    {
      if (worker)
        request_answer_problem (request, problem_from_gerror (error));
      else
        request_refuse (request, "The field \"worker_id\" is missing: the worker that is to run");
      return;
    }
  call = request_new_call (request, HIVE_PATH, HIVE_INTERFACE, "StartWorker");
  if (!call)
    return;
  if ((r = sd_bus_message_append (call, "s", worker)) >= 0 &&
      (r = sd_bus_message_open_container (call, 'a', "{sv}")) >= 0 &&
      (r = body_append_fields (body, fields + 1, call)) >= 0 && (r = sd_bus_message_close_container (call)) >= 0)
    {
      request_send (request, call, instance_on_started);
      return;
    }
  sd_bus_message_unref (call);
  request_answer_unreadable (request, r);
}

static void
instance_on_stopped (Request *request, sd_bus_message *reply)
{
  request_answer_status (request, "name", "stopped");
}

void
instance_delete (Request *request)
{
  request_call (request, instance_on_stopped, HIVE_PATH, HIVE_INTERFACE, "StopInstance", "s", request->parameter);
}

/* The object of the path's instance, which is in the list: one that is not there could also mean that the hive is about
 * to leave. NULL: the request is answered. Free with free(). */
static char *
instance_path (Request *request, sd_bus_message *reply)
{
  g_autoptr (JsonObject) instance = instance_read (request, reply, request->parameter);
  char *path = NULL;
  int r = instance ? sd_bus_path_encode (INSTANCE_PREFIX, request->parameter, &path) : 0;

  if (r < 0)
    request_answer_unreadable (request, r);
  return path;
}

static void
instance_on_list_to_restart (Request *request, sd_bus_message *reply)
{
  char *path = instance_path (request, reply);

  if (path)
    request_call (request, instance_on_changed, path, INSTANCE_INTERFACE, "Restart", "");
  free (path);
}

void
instance_restart (Request *request)
{
  request_call (request, instance_on_list_to_restart, HIVE_PATH, HIVE_INTERFACE, "ListInstances", "");
}

static void
instance_on_list_to_boot (Request *request, sd_bus_message *reply)
{
  char *path = instance_path (request, reply);

  if (path)
    request_call (request, instance_on_changed, path, INSTANCE_INTERFACE, "SetBoot", "b",
                  GPOINTER_TO_INT (request->data));
  free (path);
}

void
instance_set_boot (Request *request)
{
  g_autoptr (JsonObject) body = body_read (request, boot_fields);

  if (!body)
    return;
  if (!json_has (body, "boot"))
    {
      request_refuse (request, "The field \"boot\" is missing: whether it is run after each boot too");
      return;
    }
  request->data = GINT_TO_POINTER (json_get_bool (body, "boot", false));
  request_call (request, instance_on_list_to_boot, HIVE_PATH, HIVE_INTERFACE, "ListInstances", "");
}

static void
instance_on_key (Request *request, sd_bus_message *reply)
{
  JsonObject *object;
  const char *key;
  int r = sd_bus_message_read (reply, "s", &key);

  if (r < 0)
    {
      request_answer_unreadable (request, r);
      return;
    }
  object = json_object_new ();
  json_object_set_string_member (object, "key", key);
  request_answer_json (request, HTTP_OK, object);
}

static void
instance_on_list_to_tell_key (Request *request, sd_bus_message *reply)
{
  char *path = instance_path (request, reply);

  if (path)
    request_call (request, instance_on_key, path, INSTANCE_INTERFACE, "GetKey", "");
  free (path);
}

void
instance_get_key (Request *request)
{
  if (request->uid == UID_UNKNOWN)
    request_answer_problem (request,
                            problem_new (HTTP_FORBIDDEN, PROBLEM_DENIED, "Authentication",
                                         "With Authentication=none in [Bridge] nobody knows who asks, and a key is not "
                                         "for everybody: hivectl key %s prints it",
                                         request->parameter));
  else
    request_call (request, instance_on_list_to_tell_key, HIVE_PATH, HIVE_INTERFACE, "ListInstances", "");
}
