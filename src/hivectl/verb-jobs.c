/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>
#include <locale.h>

#include "job-watch.h"
#include "json.h"
#include "listing.h"
#include "sentence.h"
#include "table.h"
#include "terminal.h"
#include "variant.h"
#include "verb.h"

#define JOBS_LATEST 20

#define JOBS_HEADINGS                                                                                                  \
  (const char *const[])                                                                                                \
  {                                                                                                                    \
    _ ("ID"), _ ("OPERATION"), _ ("WORKER"), _ ("STATE"), _ ("STARTED"), _ ("ERROR"), NULL                             \
  }

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
         g_str_equal (operation, "worker_push")     ? _ ("push") :
         g_str_equal (operation, "model_download")  ? _ ("pull") :
         g_str_equal (operation, "model_import")    ? _ ("import") :
                                                      operation;
}

/* Of one that runs, the phase too: for people. */
static char *
jobs_state (JsonObject *job)
{
  const char *state = json_get_string (job, "state", "");
  const char *phase = json_get_string (job, "phase", "");

  return g_str_equal (state, "running") && *phase ? g_strdup_printf ("%s: %s", state, phase) : g_strdup (state);
}

static void
jobs_add_row (JsonObject *job, const char *state, Table *table)
{
  const char *name = json_get_string (job, "error_name", "");
  g_autofree char *message = sentence_translate (json_get_string (job, "error_message", ""));
  g_autofree char *error = *name ? g_strdup_printf ("%s: %s", name, message) : g_strdup ("");
  g_autofree char *started = variant_time (json_get_int (job, "started_at", 0));

  table_add (table, (const char *const[]){ json_get_string (job, "id", ""),
                                           jobs_operation (json_get_string (job, "operation", "")),
                                           json_get_string (job, "worker_id", ""), state, started, error, NULL });
}

static void
jobs_add (JsonObject *job, void *userdata)
{
  jobs_add_row (job, json_get_string (job, "state", ""), userdata);
}

static void
jobs_add_for_people (JsonObject *job, void *userdata)
{
  g_autofree char *state = jobs_state (job);

  jobs_add_row (job, state, userdata);
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

/* Something other than an object is not from any hive we know: an empty one says nothing. */
static JsonObject *
jobs_at (JsonArray *jobs, guint i)
{
  JsonNode *node = json_array_get_element (jobs, i);

  return JSON_NODE_HOLDS_OBJECT (node) ? json_object_ref (json_node_get_object (node)) : json_object_new ();
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

/* A list that is kept up to date. */
typedef struct
{
  Client *client;
  const Options *options;
  unsigned lines;   /* that are on the terminal */
  GHashTable *told; /* elsewhere: what was said of a job, by its id */
} JobsLive;

/* Takes the place of what was shown before, on as many lines as the terminal has. */
static void
jobs_live_draw (JobsLive *live, JsonArray *jobs)
{
  g_autoptr (Table) table = table_new (JOBS_HEADINGS);
  guint length = json_array_get_length (jobs);
  guint shown = MIN (length, MAX (terminal_height (), 3) - 2);
  g_autofree char *text = NULL;
  g_autofree char *erase = live->lines ? g_strdup_printf ("\033[%uA\033[J", live->lines) : g_strdup ("");

  for (guint i = length - shown; i < length; i++)
    {
      g_autoptr (JsonObject) job = jobs_at (jobs, i);

      jobs_add_for_people (job, table);
    }
  text = table_to_text (table, terminal_width (), terminal_style (TERMINAL_BOLD), terminal_style (TERMINAL_PLAIN));
  terminal_printf ("%s%s", erase, text);
  live->lines = shown + 1;
}

/* Elsewhere each change is a line. What is not of interest changes too: how much was logged, how far a step is. */
static void
jobs_live_tell (JobsLive *live, JsonObject *job)
{
  const char *id = json_get_string (job, "id", "");
  g_autofree char *now = g_strconcat (json_get_string (job, "state", ""), " ",
                                      live->options->json ? json_get_string (job, "phase", "") : "", NULL);
  g_autoptr (Table) table = NULL;

  if (g_strcmp0 (g_hash_table_lookup (live->told, id), now) == 0)
    return;
  g_hash_table_insert (live->told, g_strdup (id), g_steal_pointer (&now));
  if (live->options->json)
    {
      variant_print_line (json_object_ref (job));
      return;
    }
  table = table_new (JOBS_HEADINGS);
  jobs_add (job, table);
  table_print_plain (table);
}

static int
jobs_live_show (void *userdata, GError **error)
{
  JobsLive *live = userdata;
  const Options *options = live->options;
  g_autoptr (JsonNode) all =
      options->all ? jobs_ask_all (live->client, error) : jobs_ask (live->client, false, NULL, error);
  g_autoptr (JsonNode) some = all && !options->all ? jobs_shorten (all) : NULL;
  JsonArray *jobs = all ? json_node_get_array (some ? some : all) : NULL;
  int active = 0;

  if (!jobs)
    return -1;
  if (terminal_is_terminal () && !options->json && !options->plain)
    jobs_live_draw (live, jobs);
  for (guint i = 0; i < json_array_get_length (jobs); i++)
    {
      g_autoptr (JsonObject) job = jobs_at (jobs, i);

      active += jobs_is_active (job);
      if (live->lines == 0)
        jobs_live_tell (live, job);
    }
  return active;
}

static ExitStatus
jobs_follow (Client *client, const Options *options, GError **error)
{
  g_autoptr (GHashTable) told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  JobsLive live = { .client = client, .options = options, .told = told };

  if (!terminal_is_terminal () || options->plain)
    setlocale (LC_MESSAGES, "C");
  return job_watch (client, jobs_live_show, &live, error) ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

static ExitStatus
jobs_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (JsonNode) all = NULL;
  g_autoptr (JsonNode) jobs = NULL;

  if (options->follow)
    return jobs_follow (client, options, error);
  all = options->all ? jobs_ask_all (client, error) : jobs_ask (client, false, NULL, error);
  if (!all)
    return EXIT_STATUS_FAILED;
  jobs = options->all ? json_node_ref (all) : jobs_shorten (all);
  return listing_print (options, jobs, _ ("There was no job yet. See: hivectl install --help"), JOBS_HEADINGS,
                        options->plain ? jobs_add : jobs_add_for_people);
}

const Verb jobs_verb = {
  .name = "jobs",
  .summary = N_ ("List installs and removals, running and past"),
  .details = N_ ("Shows those that are active and the latest 20, the newest last. With --follow\n"
                 "it is kept up to date on a terminal, and each change is a line elsewhere, until\n"
                 "no job is active."),
  .example = "hivectl jobs --all",
  .options = OPTION_ALL | OPTION_PLAIN | OPTION_WATCH,
  .paged = true,
  .run = jobs_run,
};
