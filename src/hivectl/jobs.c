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
  return g_str_equal (operation, "worker_install") ? _ ("install") :
         g_str_equal (operation, "worker_remove")  ? _ ("remove") :
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

static ExitStatus
jobs_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (JsonNode) all = NULL;
  g_autoptr (JsonNode) jobs = NULL;

  all = client_read_as (JSON_NODE_ARRAY,
                        client_call (client, HIVE_PATH, HIVE_INTERFACE, "ListJobs", CLIENT_SOON, error, "a{sv}", 1,
                                     "all", "b", options->all ? 1 : 0),
                        error);
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
