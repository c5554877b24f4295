/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "recipe-options.h"
#include "start.h"
#include "verb.h"

/* The folder, as the hive is told it. */
static char *export_folder;

static char *
export_start (Client *client, const Options *options, const char *worker, GError **error)
{
  sd_bus_message *call = client_new_call (client, HIVE_PATH, HIVE_INTERFACE, "PushWorkerWithOptions", error);

  if (!call)
    return NULL;
  client_must (sd_bus_message_append (call, "sa{sv}", worker, 1, "folder", "s", export_folder));
  return client_read_path (client_send (client, call, CLIENT_SOON, error), error);
}

static ExitStatus
export_run (Client *client, const Options *options, char **arguments, GError **error)
{
  char *workers[] = { arguments[0], NULL };
  ExitStatus status;

  export_folder = recipe_options_folder (options, arguments[1]);
  status = start_jobs (client, options, workers, export_start, NULL);
  g_clear_pointer (&export_folder, g_free);
  return status;
}

const Verb export_verb = {
  .name = "export",
  .arguments = N_ ("WORKER FOLDER"),
  .summary = N_ ("Put what was built here into a folder"),
  .details = N_ ("The folder is a store: a stick, or a disk that others have too. There\n"
                 "'hivectl install --from FOLDER WORKER' takes it from it."),
  .example = "hivectl export hive-probe /mnt",
  .options = OPTION_NO_WAIT | OPTION_QUIET,
  .least = 2,
  .most = 2,
  .run = export_run,
};
