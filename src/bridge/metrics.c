/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics.h"

#include "bus-json.h"
#include "bus.h"
#include "json.h"
#include "server.h"

/* https://prometheus.io/docs/instrumenting/exposition_formats and, for those who ask for it,
 * https://prometheus.io/docs/specs/om/open_metrics_spec */
#define PLAIN       "text/plain; version=0.0.4; charset=utf-8"
#define OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

static const char *const states[] = { "queued", "running", "committing", "done", "failed", "cancelled" };
static const char *const instance_states[] = { "listening", "starting", "ready", "stopping", "failed" };
static const char *const ended[METRICS_RESULTS] = { "done", "failed", "cancelled" };

typedef struct
{
  GString *text;
  bool open; /* OpenMetrics: a counter is named without the "_total" of its values */
} Exposition;

static void
metric_begin (Exposition *to, const char *name, const char *type, const char *help)
{
  const char *suffix = *type == 'c' && !to->open ? "_total" : "";

  g_string_append_printf (to->text, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, help, name, suffix, type);
}

static void
metric_number (Exposition *to, const char *name, const char *type, const char *help, uint64_t value)
{
  metric_begin (to, name, type, help);
  g_string_append_printf (to->text, "%s%s %" G_GUINT64_FORMAT "\n", name, *type == 'c' ? "_total" : "", value);
}

static void
metrics_append_bridge (Exposition *to, const Bridge *bridge)
{
  const Metrics *metrics = &bridge->metrics;

  metric_begin (to, "rbee_bridge_requests", "counter", "Requests that were answered, by the class of their status.");
  for (gsize i = 1; i < G_N_ELEMENTS (metrics->requests); i++)
    g_string_append_printf (to->text, "rbee_bridge_requests_total{status=\"%zuxx\"} %" G_GUINT64_FORMAT "\n", i,
                            metrics->requests[i]);
  metric_number (to, "rbee_bridge_unanswered", "counter", "Requests whose client left before the answer.",
                 metrics->requests[0]);
  metric_number (to, "rbee_bridge_refused", "counter", "Connections that were ended before they had sent a request.",
                 metrics->refused);
  metric_number (to, "rbee_bridge_streams_opened", "counter", "Streams that were opened.", metrics->streams);
  metric_number (to, "rbee_bridge_stream_bytes", "counter", "Bytes that were sent to streams.", metrics->bytes);
  metric_number (to, "rbee_bridge_streams", "gauge", "Streams that are open.", metrics->open_streams);
  metric_number (to, "rbee_bridge_connections", "gauge", "Connections that are no streams.",
                 server_count (bridge->server));
}

static void
metrics_count_lookups (Metrics *metrics, JsonObject *job)
{
  g_auto (GStrv) words = json_get_strings (job, "lookups");

  for (char **word = words; word && *word; word++)
    if (lookup_kind_find (*word) < LOOKUP_KINDS)
      metrics->lookups[lookup_kind_find (*word)]++;
}

/* Those that ended since the last look: the hive's list has the newest 200, and what left it does not come back. What
 * had ended at the first look is not counted, so a new bridge begins at 0, as a counter should. */
static void
metrics_count_ended (Metrics *metrics, JsonArray *jobs)
{
  g_autoptr (GHashTable) before = g_steal_pointer (&metrics->ended_jobs);

  metrics->ended_jobs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < json_array_get_length (jobs); i++)
    {
      JsonObject *job = json_array_get_object_element (jobs, i);
      const char *id = json_get_string (job, "id", ""), *state = json_get_string (job, "state", "");

      for (gsize j = 0; j < G_N_ELEMENTS (ended); j++)
        if (g_str_equal (ended[j], state) && g_hash_table_add (metrics->ended_jobs, g_strdup (id)) && before &&
            !g_hash_table_contains (before, id))
          {
            metrics->ended[j]++;
            metrics_count_lookups (metrics, job);
          }
    }
}

/* How many elements of @list are in each of the @count states @of. */
static void
metric_states (Exposition *to, const char *name, const char *help, JsonArray *list, const char *const *of, gsize count)
{
  metric_begin (to, name, "gauge", help);
  for (gsize i = 0; i < count; i++)
    {
      uint64_t number = 0;

      for (guint j = 0; j < json_array_get_length (list); j++)
        number += g_str_equal (json_get_string (json_array_get_object_element (list, j), "state", ""), of[i]);
      g_string_append_printf (to->text, "%s{state=\"%s\"} %" G_GUINT64_FORMAT "\n", name, of[i], number);
    }
}

static void
metrics_append_jobs (Exposition *to, Metrics *metrics, JsonArray *jobs)
{
  metric_states (to, "rbee_jobs", "Jobs that the hive lists (the newest 200, and all active ones), by state.", jobs,
                 states, G_N_ELEMENTS (states));
  metrics_count_ended (metrics, jobs);
  metric_begin (to, "rbee_jobs_ended", "counter", "Jobs that ended since the bridge was first asked, by result.");
  for (gsize i = 0; i < G_N_ELEMENTS (ended); i++)
    g_string_append_printf (to->text, "rbee_jobs_ended_total{result=\"%s\"} %" G_GUINT64_FORMAT "\n", ended[i],
                            metrics->ended[i]);
  metric_begin (to, "rbee_store_lookups", "counter",
                "Looks of those jobs into stores of ready builds, by what came of them: a hit, a miss, or why not.");
  for (LookupKind i = 0; i < LOOKUP_KINDS; i++)
    g_string_append_printf (to->text, "rbee_store_lookups_total{result=\"%s\"} %" G_GUINT64_FORMAT "\n",
                            lookup_kind_name (i), metrics->lookups[i]);
}

/* @instances may be NULL. */
static void
metrics_answer (Request *request, JsonNode *jobs, JsonNode *instances)
{
  Exposition to = { .text = g_string_new (NULL),
                    .open = head_accepts (request->head, HEADER_ACCEPT, "application/openmetrics-text") };

  metrics_append_bridge (&to, request->bridge);
  metric_number (&to, "rbee_hive_up", "gauge", "Whether the hive can be reached.", jobs != NULL);
  if (jobs)
    metrics_append_jobs (&to, &request->bridge->metrics, json_node_get_array (jobs));
  if (instances)
    metric_states (&to, "rbee_hive_instances", "Workers that run, or wait for requests, by state.",
                   json_node_get_array (instances), instance_states, G_N_ELEMENTS (instance_states));
  if (to.open)
    g_string_append (to.text, "# EOF\n");
  request_answer_text (request, HTTP_OK, to.open ? OPENMETRICS : PLAIN, g_string_free (to.text, FALSE));
}

/* The array that @reply is; NULL: it is none. */
static JsonNode *
metrics_read (sd_bus_message *reply)
{
  g_autoptr (JsonNode) list = NULL;

  if (bus_reply_failed (reply) || bus_json_read (reply, &list) < 0 || !JSON_NODE_HOLDS_ARRAY (list))
    return NULL;
  return g_steal_pointer (&list);
}

static void
metrics_on_instances (sd_bus_message *reply, void *userdata)
{
  Request *request = userdata;
  g_autoptr (JsonNode) instances = metrics_read (reply);

  metrics_answer (request, request->data, instances);
}

static void
metrics_on_jobs (sd_bus_message *reply, void *userdata)
{
  Request *request = userdata;
  Bus *bus = request->bridge->bus;
  JsonNode *jobs = metrics_read (reply);
  g_autoptr (Problem) problem = NULL;
  sd_bus_message *call = jobs ? bus_new_call (bus, HIVE_PATH, HIVE_INTERFACE, "ListInstances", &problem) : NULL;

  request->data = jobs;
  request->free_data = jobs ? (GDestroyNotify)json_node_unref : NULL;
  if (call)
    bus_send (bus, &request->call, call, metrics_on_instances, request);
  else
    metrics_answer (request, jobs, NULL);
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
    metrics_answer (request, NULL, NULL);
}
