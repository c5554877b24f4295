/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "terminal.h"
#include "variant.h"
#include "verb.h"

static ExitStatus
cancel_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autofree char *path = client_find_job (client, arguments[0], error);
  g_autoptr (sd_bus_message) reply = NULL;

  if (path)
    reply = client_call (client, path, JOB_INTERFACE, "Cancel", CLIENT_SOON, error, "");
  if (!reply)
    return EXIT_STATUS_FAILED;
  if (options->json)
    {
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "job", arguments[0]);
      variant_print_line (object);
    }
  else if (!options->quiet)
    terminal_printf (_ ("Job %s is being cancelled.\n"), arguments[0]);
  return EXIT_STATUS_OK;
}

const Verb cancel_verb = {
  .name = "cancel",
  .arguments = N_ ("JOB"),
  .summary = N_ ("Cancel a job that waits or runs"),
  .details = N_ ("Returns when the job has been told to end. One that is changing installed files\n"
                 "cannot be cancelled."),
  .example = "hivectl cancel 17",
  .options = OPTION_QUIET,
  .least = 1,
  .most = 1,
  .run = cancel_run,
};
