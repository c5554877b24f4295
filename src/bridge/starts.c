/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "starts.h"

#include <string.h>

#include "bus.h"
#include "error.h"
#include "events.h"
#include "json.h"
#include "rbee-json.h"
#include "sse.h"
#include "stream.h"

struct Starts
{
  Bridge *bridge;
  GPtrArray *streams;
};

typedef struct
{
  Stream stream;
  Starts *starts;
  char *name;
  bool told;
} StartStream;

static void
start_stream_pump (Stream *stream)
{
  StartStream *start = (StartStream *)stream;

  if (!stream_flush (stream))
    return;
  stream_wait (stream, false);
  stream->done = start->told || stream->bridge->draining;
}

static void
start_stream_free (StartStream *start)
{
  Starts *starts = start->starts;

  stream_clear (&start->stream);
  g_ptr_array_remove_fast (starts->streams, start);
  g_free (start->name);
  g_free (start);
}

static void
start_stream_closed (Stream *stream)
{
  StartStream *start = (StartStream *)stream;
  Bridge *bridge = stream->bridge;

  start_stream_free (start);
  bus_listen (bridge->bus, false);
}

static const StreamKind start_stream_kind = { .pump = start_stream_pump, .closed = start_stream_closed };

static void
start_stream_tell_failure (StartStream *start, const char *name, const char *message, GString *events)
{
  SsePosition position = { .is_event_source = start->stream.is_event_source };
  g_auto (GStrv) lines = g_strsplit (message, "\n", -1);

  /* The sentence is the first line; what the worker printed follows it. */
  for (char **line = lines + 1; lines[0] && *line; line++)
    sse_append (events, NULL, *line, strlen (*line));
  sse_encode_end (&position, "failed", name, lines[0] ? lines[0] : "", events);
}

static void
start_stream_tell_process (const StartStream *start, JsonObject *instance, GString *events)
{
  SsePosition position = { .is_event_source = start->stream.is_event_source };
  g_autoptr (JsonObject) process = rbee_process (instance);
  g_autofree char *text = json_to_text (process, false);

  sse_append (events, NULL, text, strlen (text));
  sse_encode_end (&position, "done", "", "", events);
}

static void
start_stream_take (StartStream *start, JsonNode *instances)
{
  JsonNode *found = json_find (instances, "name", start->name);
  JsonObject *instance = found ? json_node_get_object (found) : NULL;
  const char *state = instance ? json_get_string (instance, "state", "") : "";
  g_autoptr (GString) events = g_string_new (NULL);
  g_autofree char *message = NULL;

  if (start->told || g_str_equal (state, "starting"))
    return;
  if (!instance || g_str_equal (state, "stopping"))
    {
      message = g_strdup_printf ("There is no instance %s: it was stopped", start->name);
      start_stream_tell_failure (start, hive_error_name (HIVE_ERROR_NOT_RUNNING), message, events);
    }
  else if (g_str_equal (state, "failed"))
    start_stream_tell_failure (start, json_get_string (instance, "error_name", ""),
                               json_get_string (instance, "error_message", ""), events);
  else
    start_stream_tell_process (start, instance, events);
  start->told = true;
  stream_queue (&start->stream, events->str, events->len);
  if (!start->stream.waits)
    stream_turn (&start->stream);
}

void
starts_take (Starts *starts, JsonNode *instances)
{
  for (guint i = starts->streams->len; i-- > 0;)
    start_stream_take (starts->streams->pdata[i], instances);
}

bool
starts_wait (const Starts *starts)
{
  return starts->streams->len > 0;
}

static void
starts_take_socket (Request *request, int fd)
{
  Starts *starts = request->bridge->starts;
  StartStream *start = g_new0 (StartStream, 1);

  start->starts = starts;
  if (!stream_init (&start->stream, &start_stream_kind, request, fd))
    {
      g_free (start);
      return;
    }
  start->name = g_strdup (strchr (request->parameter, '.') + 1);
  g_ptr_array_add (starts->streams, start);
  bus_listen (starts->bridge->bus, true);
  stream_wait (&start->stream, true);
  events_list_instances (starts->bridge->events);
}

void
starts_open (Request *request)
{
  stream_open (request, starts_take_socket);
}

Starts *
starts_new (Bridge *bridge)
{
  Starts *starts = g_new0 (Starts, 1);

  starts->bridge = bridge;
  starts->streams = g_ptr_array_new ();
  return starts;
}

void
starts_beat (Starts *starts)
{
  streams_beat (starts->streams);
}

void
starts_drain (Starts *starts)
{
  streams_drain (starts->streams);
}

void
starts_free (Starts *starts)
{
  if (!starts)
    return;
  while (starts->streams->len > 0)
    start_stream_free (starts->streams->pdata[starts->streams->len - 1]);
  g_ptr_array_unref (starts->streams);
  g_free (starts);
}
