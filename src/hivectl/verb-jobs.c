/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "json.h"
#include "listing.h"
#include "table.h"
#include "terminal.h"
#include "variant.h"
#include "verb.h"

#define JOBS_LATEST 20

static bool
jobs_is_active (JsonObject *job)
{
  return g_strv_contains ((const char *const[]){ "queued", "running", "committing", NULL },
                          json_get_string (job, "state", ""));
}

/* Of @all, oldest first: the active ones and the latest. */
static JsonNode *
jobs_shorten (JsonNode *all)
{
  JsonArray *jobs = json_node_get_array (all);
  JsonArray *some = json_array_new ();
  JsonNode *node = json_node_alloc ();
  guint length = json_array_get_length (jobs);

  for (guint i = 0; i < length; i++)
    {
      JsonNode *job = json_array_get_element (jobs, i);

      if (i + JOBS_LATEST >= length || (JSON_NODE_HOLDS_OBJECT (job) && jobs_is_active (json_node_get_object (job))))
        json_array_add_element (some, json_node_copy (job));
    }
  json_node_init_array (node, some);
  json_array_unref (some);
  return node;
}

static const char *
jobs_operation (const char *operation)
{
  return g_str_equal (operation, "worker_install")  ? _ ("install") :
         g_str_equal (operation, "worker_remove")   ? _ ("remove") :
         g_str_equal (operation, "worker_rollback") ? _ ("rollback") :
                                                      operation;
}

static void
jobs_add (JsonObject *job, void *userdata)
{
  const char *name = json_get_string (job, "error_name", "");
  g_autofree char *error =
      *name ? g_strdup_printf ("%s: %s", name, json_get_string (job, "error_message", "")) : g_strdup ("");
  g_autofree char *started = variant_time (json_get_int (job, "started_at", 0));

  table_add (userdata, (const char *const[]){ json_get_string (job, "id", ""),
                                              jobs_operation (json_get_string (job, "operation", "")),
                                              json_get_string (job, "worker_id", ""),
                                              json_get_string (job, "state", ""), started, error, NULL });
}

/* One answer of the hive, oldest first. @before: NULL, or only what is older than that job. */
static JsonNode *
jobs_ask (Client *client, bool all, const char *before, GError **error)
{
  sd_bus_message *reply = before ? client_call (client, HIVE_PATH, HIVE_INTERFACE, "ListJobs", CLIENT_SOON, error,
                                                "a{sv}", 2, "all", "b", (int)all, "before", "s", before) :
                                   client_call (client, HIVE_PATH, HIVE_INTERFACE, "ListJobs", CLIENT_SOON, error,
                                                "a{sv}", 1, "all", "b", (int)all);

  return client_read_as (JSON_NODE_ARRAY, reply, error);
}

static const char *
jobs_oldest (JsonArray *jobs)
{
  JsonNode *first = json_array_get_length (jobs) > 0 ? json_array_get_element (jobs, 0) : NULL;

  return first && JSON_NODE_HOLDS_OBJECT (first) ? json_get_string (json_node_get_object (first), "id", NULL) : NULL;
}

/* What one answer had no room for is in the next. */
static JsonNode *
jobs_ask_all (Client *client, GError **error)
{
  g_autoptr (GPtrArray) answers = g_ptr_array_new_with_free_func ((GDestroyNotify)json_node_unref);
  g_autoptr (JsonArray) all = json_array_new ();
  const char *oldest = NULL;

  do
    {
      JsonNode *answer = jobs_ask (client, true, oldest, error);

      if (!answer)
        return NULL;
      g_ptr_array_add (answers, answer);
      oldest = jobs_oldest (json_node_get_array (answer));
    }
  while (oldest);

  for (guint i = answers->len; i > 0; i--)
    {
      JsonArray *jobs = json_node_get_array (answers->pdata[i - 1]);

      for (guint j = 0; j < json_array_get_length (jobs); j++)
        json_array_add_element (all, json_array_dup_element (jobs, j));
    }
  return json_node_init_array (json_node_alloc (), all);
}

static ExitStatus
jobs_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (JsonNode) all = options->all ? jobs_ask_all (client, error) : jobs_ask (client, false, NULL, error);
  g_autoptr (JsonNode) jobs = NULL;

  if (!all)
    return EXIT_STATUS_FAILED;
  jobs = options->all ? json_node_ref (all) : jobs_shorten (all);
  return listing_print (options, jobs, _ ("There was no job yet. See: hivectl install --help"),
                        (const char *const[]){ _ ("ID"), _ ("OPERATION"), _ ("WORKER"), _ ("STATE"), _ ("STARTED"),
                                               _ ("ERROR"), NULL },
                        jobs_add);
}

const Verb jobs_verb = {
  .name = "jobs",
  .summary = N_ ("List installs and removals, running and past"),
  .details = N_ ("Shows those that are active and the latest 20, the newest last."),
  .example = "hivectl jobs --all",
  .options = OPTION_ALL | OPTION_PLAIN,
  .run = jobs_run,
};
