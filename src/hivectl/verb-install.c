/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "instance-client.h"
#include "json.h"
#include "own-recipe.h"
#include "recipe-options.h"
#include "start.h"
#include "terminal.h"
#include "verb.h"

static char *
install_start (Client *client, const Options *options, const char *worker, GError **error)
{
  sd_bus_message *call;

  if (own_recipe_is_path (worker))
    return own_recipe_install (client, options, worker, error);
  call = client_new_call (client, HIVE_PATH, HIVE_INTERFACE, "InstallWorkerWithOptions", error);
  if (!call)
    return NULL;
  client_must (sd_bus_message_append (call, "s", worker));
  recipe_options_append (options, call);
  return client_read_path (client_send (client, call, CLIENT_SOON, error), error);
}

static JsonObject *
install_find (JsonNode *workers, const char *worker_id)
{
  JsonArray *list = json_node_get_array (workers);

  for (guint i = 0; i < json_array_get_length (list); i++)
    if (g_str_equal (json_get_string (json_array_get_object_element (list, i), "id", ""), worker_id))
      return json_array_get_object_element (list, i);
  return NULL;
}

/* How what is there now is run, when the hive knows; for people, since the last line of a pipe is the log's. */
static bool
install_tell_start (Client *client, const Options *options, const char *worker_id, GError **error)
{
  g_autoptr (JsonNode) workers = NULL;
  JsonObject *worker, *run;

  if (options->json || options->quiet || !terminal_is_terminal ())
    return true;
  workers = client_list_workers (client, error);
  worker = workers ? install_find (workers, worker_id) : NULL;
  run = worker && json_object_has_member (worker, "run") ? json_object_get_object_member (worker, "run") : NULL;
  if (!run || !instance_client_runs_workers (client))
    return workers != NULL;
  if (json_get_bool (run, "takes_model", false))
    terminal_printf (_ ("Run it: hivectl start %s --model MODEL (hivectl models lists them)\n"), worker_id);
  else
    terminal_printf (_ ("Run it: hivectl start %s\n"), worker_id);
  return true;
}

static ExitStatus
install_run (Client *client, const Options *options, char **arguments, GError **error)
{
  return start_jobs (client, options, arguments, install_start, install_tell_start);
}

const Verb install_verb = {
  .name = "install",
  .arguments = N_ ("WORKER…"),
  .summary = N_ ("Build and install workers of the catalog"),
  .details = N_ ("What begins with a dot or a slash is a PKGBUILD of your own, or its folder: it\n"
                 "is handed over with the files beside it that it names, and needs no catalog.\n"
                 "Shows each job's log until it ends. Ctrl-C asks whether to cancel the job or to\n"
                 "leave it running; without a terminal to ask on, it runs on."),
  .example = "hivectl install hive-probe",
  .options = OPTION_VARIANT | OPTION_BUILD | OPTION_CONFIG | OPTION_NO_WAIT | OPTION_QUIET,
  .least = 1,
  .most = G_MAXUINT,
  .run = install_run,
};
