/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "own-recipe.h"
#include "recipe-options.h"
#include "start.h"
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

static ExitStatus
install_run (Client *client, const Options *options, char **arguments, GError **error)
{
  return start_jobs (client, options, arguments, install_start);
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
