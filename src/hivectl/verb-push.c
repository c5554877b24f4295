/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "start.h"
#include "verb.h"

static char *
push_start (Client *client, const Options *options, const char *worker, GError **error)
{
  sd_bus_message *call = client_new_call (client, HIVE_PATH, HIVE_INTERFACE, "PushWorkerWithOptions", error);

  if (!call)
    return NULL;
  client_must (sd_bus_message_append (call, "s", worker));
  if (options->store)
    client_must (sd_bus_message_append (call, "a{sv}", 1, "store", "s", options->store));
  else
    client_must (sd_bus_message_append (call, "a{sv}", 0));
  return client_read_path (client_send (client, call, CLIENT_SOON, error), error);
}

static ExitStatus
push_run (Client *client, const Options *options, char **arguments, GError **error)
{
  return start_jobs (client, options, arguments, push_start, NULL);
}

const Verb push_verb = {
  .name = "push",
  .arguments = N_ ("WORKER…"),
  .summary = N_ ("Put what was built here into a store"),
  .details = N_ ("Signed by the key of SigningKey= in hive.conf. Machines that trust it install\n"
                 "the same without building."),
  .example = "hivectl push hive-probe",
  .options = OPTION_STORE | OPTION_NO_WAIT | OPTION_QUIET,
  .least = 1,
  .most = G_MAXUINT,
  .run = push_run,
};
