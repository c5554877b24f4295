/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics.h"

#include "bus-json.h"
#include "bus.h"
#include "json.h"
#include "server.h"

#define OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

static const char *const states[] = { "queued", "running", "committing", "done", "failed", "cancelled" };

static void
metric_begin (GString *text, const char *name, const char *type, const char *help)
{
  g_string_append_printf (text, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
}

static void
metric_number (GString *text, const char *name, const char *type, const char *help, uint64_t value)
{
  metric_begin (text, name, type, help);
  g_string_append_printf (text, "%s%s %" G_GUINT64_FORMAT "\n", name, *type == 'c' ? "_total" : "", value);
}

static void
metrics_append_bridge (GString *text, const Bridge *bridge)
{
  const Metrics *metrics = &bridge->metrics;

  metric_begin (text, "rbee_bridge_requests", "counter", "Requests that were answered, by the class of their status.");
  for (gsize i = 1; i < G_N_ELEMENTS (metrics->requests); i++)
    g_string_append_printf (text, "rbee_bridge_requests_total{status=\"%zuxx\"} %" G_GUINT64_FORMAT "\n", i,
                            metrics->requests[i]);
  metric_number (text, "rbee_bridge_unanswered", "counter", "Requests whose client left before the answer.",
                 metrics->requests[0]);
  metric_number (text, "rbee_bridge_refused", "counter", "Connections that were ended before they had sent a request.",
                 metrics->refused);
  metric_number (text, "rbee_bridge_streams_opened", "counter", "Streams that were opened.", metrics->streams);
  metric_number (text, "rbee_bridge_stream_bytes", "counter", "Bytes that were sent to streams.", metrics->bytes);
  metric_number (text, "rbee_bridge_streams", "gauge", "Streams that are open.", metrics->open_streams);
  metric_number (text, "rbee_bridge_connections", "gauge", "Connections that are no streams.",
                 server_count (bridge->server));
}

static void
metrics_append_jobs (GString *text, JsonNode *jobs)
{
  uint64_t counts[G_N_ELEMENTS (states)] = { 0 };
  JsonArray *array = json_node_get_array (jobs);

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *job = json_array_get_element (array, i);
      const char *state = JSON_NODE_HOLDS_OBJECT (job) ? json_get_string (json_node_get_object (job), "state", "") : "";

      for (gsize j = 0; j < G_N_ELEMENTS (states); j++)
        counts[j] += g_str_equal (states[j], state);
    }
  metric_begin (text, "rbee_jobs", "gauge",
                "Jobs that the hive lists (the newest 200, and all active ones), by state.");
  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    g_string_append_printf (text, "rbee_jobs{state=\"%s\"} %" G_GUINT64_FORMAT "\n", states[i], counts[i]);
}

static void
metrics_answer (Request *request, JsonNode *jobs)
{
  GString *text = g_string_new (NULL);

  metrics_append_bridge (text, request->bridge);
  metric_number (text, "rbee_hive_up", "gauge", "Whether the hive can be reached.", jobs != NULL);
  if (jobs)
    metrics_append_jobs (text, jobs);
  g_string_append (text, "# EOF\n");
  request_answer_text (request, HTTP_OK, OPENMETRICS, g_string_free (text, FALSE));
}

static void
metrics_on_jobs (sd_bus_message *reply, void *userdata)
{
  Request *request = userdata;
  g_autoptr (JsonNode) jobs = NULL;

  if (bus_reply_failed (reply) || bus_json_read (reply, &jobs) < 0 || !JSON_NODE_HOLDS_ARRAY (jobs))
    g_clear_pointer (&jobs, json_node_unref);
  metrics_answer (request, jobs);
}

/* Without a hive there are still figures. */
void
metrics_get (Request *request)
{
  Bus *bus = request->bridge->bus;
  g_autoptr (Problem) problem = NULL;
  sd_bus_message *call = bus_new_call (bus, HIVE_PATH, HIVE_INTERFACE, "ListJobs", &problem);

  if (call && sd_bus_message_append (call, "a{sv}", 0) < 0)
    call = sd_bus_message_unref (call);
  if (call)
    bus_send (bus, &request->call, call, metrics_on_jobs, request);
  else
    metrics_answer (request, NULL);
}
