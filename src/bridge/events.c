/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "events.h"

#include <string.h>

#include "bus-json.h"
#include "bus.h"
#include "job-json.h"
#include "json.h"
#include "sse.h"
#include "starts.h"
#include "stream.h"

#define PENDING_MAX (64 * 1024) /* of a reader who is slow */

struct Events
{
  Bridge *bridge;
  GPtrArray *readers;
  BusCall *call;        /* asks for the list of jobs */
  BusCall *instances;   /* asks for that of instances */
  GHashTable *new_jobs; /* paths of those that are being asked for */
};

typedef struct
{
  Stream stream;
  Events *events;
  bool stale; /* it wants the whole list next */
} EventsReader;

static void events_list (Events *events);

static void
events_reader_pump (Stream *stream)
{
  EventsReader *reader = (EventsReader *)stream;

  if (!stream_flush (stream))
    return;
  stream_wait (stream, false);
  if (stream->bridge->draining)
    stream->done = true;
  else if (reader->stale)
    events_list (reader->events);
}

static void
events_reader_closed (Stream *stream)
{
  EventsReader *reader = (EventsReader *)stream;
  Events *events = reader->events;

  stream_clear (stream);
  g_ptr_array_remove_fast (events->readers, reader);
  g_free (reader);
  bus_listen (events->bridge->bus, false);
  if (events->readers->len == 0)
    bus_call_cancel (events->call);
}

static const StreamKind events_reader_kind = { .pump = events_reader_pump, .closed = events_reader_closed };

/* A reader that has not read the last ones gets the list later, in place of all that it missed. */
static void
events_reader_send (EventsReader *reader, const GString *text)
{
  if (reader->stream.pending && reader->stream.pending->len > PENDING_MAX)
    {
      reader->stale = true;
      return;
    }
  stream_queue (&reader->stream, text->str, text->len);
  if (!reader->stream.waits)
    stream_turn (&reader->stream);
}

/* To those who have the list, or with @stale to those who want it. */
static void
events_send (Events *events, const char *event, JsonObject *object, bool stale)
{
  g_autofree char *json = json_to_text (object, false);
  g_autoptr (GString) text = g_string_new (NULL);

  json_object_unref (object);
  sse_append (text, event, json, strlen (json));
  for (guint i = events->readers->len; i-- > 0;)
    {
      EventsReader *reader = events->readers->pdata[i];

      if (reader->stale != stale)
        continue;
      reader->stale = false;
      events_reader_send (reader, text);
    }
}

static void
events_send_reachable (Events *events, bool reachable)
{
  JsonObject *object = json_object_new ();

  json_object_set_boolean_member (object, "reachable", reachable);
  events_send (events, "hive", object, false);
}

static void
events_on_instances (sd_bus_message *reply, void *userdata)
{
  Events *events = userdata;
  g_autoptr (JsonNode) instances = NULL;
  JsonObject *object;

  if (bus_reply_failed (reply) || bus_json_read (reply, &instances) < 0)
    return;
  starts_take (events->bridge->starts, instances);
  object = json_object_new ();
  json_object_set_member (object, "instances", g_steal_pointer (&instances));
  events_send (events, "instances", object, false);
}

/* There are few, and they change seldom: each change is told by the list. */
static void
events_ask_instances (Events *events)
{
  g_autoptr (Problem) problem = NULL;
  sd_bus_message *call;

  if (events->instances)
    return;
  call = bus_new_call (events->bridge->bus, HIVE_PATH, HIVE_INTERFACE, "ListInstances", &problem);
  if (call)
    bus_send (events->bridge->bus, &events->instances, call, events_on_instances, events);
}

void
events_list_instances (Events *events)
{
  bus_call_cancel (events->instances);
  events_ask_instances (events);
}

static void
events_on_list (sd_bus_message *reply, void *userdata)
{
  Events *events = userdata;
  g_autoptr (JsonNode) jobs = NULL;
  JsonObject *object;

  object = json_object_new ();
  if (bus_reply_failed (reply) || bus_json_read (reply, &jobs) < 0)
    {
      /* They have been told when it is there: NameOwnerChanged. */
      json_object_set_boolean_member (object, "reachable", false);
      events_send (events, "hive", object, true);
      return;
    }
  job_json_mend_list (jobs);
  json_object_set_member (object, "jobs", g_steal_pointer (&jobs));
  events_send (events, "jobs", object, true);
  events_ask_instances (events);
}

/* What a signal tells between the question and its answer is in the answer, so one under way does for everybody. */
static void
events_list (Events *events)
{
  g_autoptr (Problem) problem = NULL;
  sd_bus_message *call;

  if (events->call)
    return;
  call = bus_new_call (events->bridge->bus, HIVE_PATH, HIVE_INTERFACE, "ListJobs", &problem);
  if (!call)
    return;
  if (sd_bus_message_append (call, "a{sv}", 0) < 0)
    sd_bus_message_unref (call);
  else
    bus_send (events->bridge->bus, &events->call, call, events_on_list, events);
}

static void
events_list_for_all (Events *events)
{
  for (guint i = 0; i < events->readers->len; i++)
    ((EventsReader *)events->readers->pdata[i])->stale = true;
  if (events->readers->len > 0)
    events_list (events);
}

static void
events_take_owner (Events *events, sd_bus_message *message)
{
  const char *name, *before, *after;

  if (sd_bus_message_read (message, "sss", &name, &before, &after) < 0)
    return;
  if (!*after)
    events_send_reachable (events, false);
  else
    events_hive_here (events);
}

/* Only how far it is, or more. */
static bool
changes_are_progress (JsonObject *changes)
{
  return !json_has (changes, "state") && !json_has (changes, "phase") && !json_has (changes, "finished_at") &&
         !json_has (changes, "error_name");
}

static void
events_send_worker (Events *events, const char *worker, const char *version, bool installed)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "worker_id", worker);
  json_object_set_boolean_member (object, "installed", installed);
  json_object_set_string_member (object, "version", version);
  events_send (events, "worker", object, false);
}

/* A worker whose version is asked for. */
typedef struct
{
  Events *events;
  char *id;
} ChangedWorker;

static void
events_on_changed_worker (sd_bus_message *reply, void *userdata)
{
  ChangedWorker *worker = userdata;
  const char *version;

  if (!bus_reply_failed (reply) && sd_bus_message_read (reply, "v", "s", &version) >= 0)
    events_send_worker (worker->events, worker->id, version, true);
  free (worker->id);
  g_free (worker);
}

static void
events_ask_worker (Events *events, const char *path)
{
  g_autoptr (Problem) problem = NULL;
  sd_bus_message *call = bus_new_call (events->bridge->bus, path, "org.freedesktop.DBus.Properties", "Get", &problem);
  ChangedWorker *worker;
  char *id = NULL;

  if (!call)
    return;
  if (sd_bus_path_decode (path, WORKER_PREFIX, &id) <= 0 ||
      sd_bus_message_append (call, "ss", WORKER_INTERFACE, "Version") < 0)
    {
      free (id);
      sd_bus_message_unref (call);
      return;
    }
  worker = g_new (ChangedWorker, 1);
  *worker = (ChangedWorker){ .events = events, .id = id };
  bus_send (events->bridge->bus, NULL, call, events_on_changed_worker, worker);
}

/* One that is run another way now, or that there is a newer version of. Another version is told by WorkerInstalled. */
static void
events_take_changed_worker (Events *events, sd_bus_message *message)
{
  g_autoptr (JsonNode) node = NULL;
  const char *interface;

  if (sd_bus_message_read (message, "s", &interface) >= 0 && bus_json_read (message, &node) >= 0 &&
      JSON_NODE_HOLDS_OBJECT (node) && !json_has (json_node_get_object (node), "Version"))
    events_ask_worker (events, sd_bus_message_get_path (message));
}

/* A job is told whole before it is told by its changes. */
static void
events_take_changes (Events *events, sd_bus_message *message)
{
  const char *path = sd_bus_message_get_path (message);
  g_autoptr (JsonNode) node = NULL;
  const char *interface;
  JsonObject *changes;

  if (g_str_has_prefix (path, INSTANCE_PREFIX "/"))
    events_ask_instances (events);
  if (g_str_has_prefix (path, WORKER_PREFIX "/"))
    events_take_changed_worker (events, message);
  if (!g_str_has_prefix (path, JOB_PREFIX "/") || sd_bus_message_read (message, "s", &interface) < 0 ||
      !g_str_equal (interface, JOB_INTERFACE) || g_hash_table_contains (events->new_jobs, path) ||
      bus_json_read (message, &node) < 0 || !JSON_NODE_HOLDS_OBJECT (node))
    return;
  changes = job_json_from_properties (json_node_get_object (node));
  json_object_set_string_member (changes, "id", path + strlen (JOB_PREFIX "/"));
  events_send (events, changes_are_progress (changes) ? "progress" : "state", changes, false);
}

/* A job that is being asked for. */
typedef struct
{
  Events *events;
  char *path;
} NewJob;

static void
events_on_new_job (sd_bus_message *reply, void *userdata)
{
  NewJob *job = userdata;
  Events *events = job->events;
  g_autoptr (JsonNode) node = NULL;

  g_hash_table_remove (events->new_jobs, job->path);
  g_free (job->path);
  g_free (job);
  if (!bus_reply_failed (reply) && bus_json_read (reply, &node) >= 0 && JSON_NODE_HOLDS_OBJECT (node))
    events_send (events, "state", job_json_from_properties (json_node_get_object (node)), false);
}

static void
events_take_new_job (Events *events, sd_bus_message *message)
{
  g_autoptr (Problem) problem = NULL;
  const char *id, *path;
  sd_bus_message *call;
  NewJob *job;

  if (sd_bus_message_read (message, "so", &id, &path) < 0)
    return;
  call = bus_new_call (events->bridge->bus, path, "org.freedesktop.DBus.Properties", "GetAll", &problem);
  if (!call)
    return;
  if (sd_bus_message_append (call, "s", JOB_INTERFACE) < 0)
    {
      sd_bus_message_unref (call);
      return;
    }
  job = g_new (NewJob, 1);
  *job = (NewJob){ .events = events, .path = g_strdup (path) };
  g_hash_table_add (events->new_jobs, g_strdup (path));
  bus_send (events->bridge->bus, NULL, call, events_on_new_job, job);
}

static void
events_take_worker (Events *events, sd_bus_message *message, bool installed)
{
  const char *worker = "", *version = "";

  if (installed)
    sd_bus_message_read (message, "ss", &worker, &version);
  else
    sd_bus_message_read (message, "s", &worker);
  events_send_worker (events, worker, version, installed);
}

static void
events_take_removed_job (Events *events, sd_bus_message *message)
{
  JsonObject *object = json_object_new ();
  const char *id = "";

  sd_bus_message_read (message, "s", &id);
  json_object_set_string_member (object, "id", id);
  events_send (events, "removed", object, false);
}

/* Whoever shows models asks for them again. */
static void
events_take_models (Events *events)
{
  events_send (events, "models", json_object_new (), false);
}

void
events_take (Events *events, sd_bus_message *message)
{
  const char *member = sd_bus_message_get_member (message);

  if (g_str_equal (member, "NameOwnerChanged"))
    events_take_owner (events, message);
  else if (g_str_equal (member, "PropertiesChanged"))
    events_take_changes (events, message);
  else if (g_str_equal (member, "JobNew"))
    events_take_new_job (events, message);
  else if (g_str_equal (member, "JobRemoved"))
    events_take_removed_job (events, message);
  else if (g_str_equal (member, "WorkerInstalled"))
    events_take_worker (events, message, true);
  else if (g_str_equal (member, "WorkerRemoved"))
    events_take_worker (events, message, false);
  else if (g_str_equal (member, "InstanceNew") || g_str_equal (member, "InstanceRemoved"))
    events_ask_instances (events);
  else if (g_str_equal (member, "ModelsChanged"))
    events_take_models (events);
}

void
events_hive_here (Events *events)
{
  events_send_reachable (events, true);
  events_list_for_all (events);
  if (starts_wait (events->bridge->starts))
    events_ask_instances (events);
}

void
events_hive_gone (Events *events)
{
  bus_call_cancel (events->call);
  bus_call_cancel (events->instances);
  events_send_reachable (events, false);
}

static void
events_take_socket (Request *request, int fd)
{
  Events *events = request->bridge->events;
  EventsReader *reader = g_new0 (EventsReader, 1);

  reader->events = events;
  if (!stream_init (&reader->stream, &events_reader_kind, request, fd))
    {
      g_free (reader);
      return;
    }
  reader->stream.is_event_source = true;
  reader->stale = true;
  g_ptr_array_add (events->readers, reader);
  bus_listen (events->bridge->bus, true);
  stream_wait (&reader->stream, true);
}

void
events_open (Request *request)
{
  stream_open (request, events_take_socket);
}

Events *
events_new (Bridge *bridge)
{
  Events *events = g_new0 (Events, 1);

  events->bridge = bridge;
  events->readers = g_ptr_array_new ();
  events->new_jobs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return events;
}

void
events_beat (Events *events)
{
  streams_beat (events->readers);
}

void
events_drain (Events *events)
{
  streams_drain (events->readers);
}

void
events_free (Events *events)
{
  if (!events)
    return;
  bus_call_cancel (events->call);
  bus_call_cancel (events->instances);
  while (events->readers->len > 0)
    {
      EventsReader *reader = events->readers->pdata[events->readers->len - 1];

      stream_clear (&reader->stream);
      g_ptr_array_remove_fast (events->readers, reader);
      g_free (reader);
    }
  g_ptr_array_unref (events->readers);
  g_hash_table_unref (events->new_jobs);
  g_free (events);
}
