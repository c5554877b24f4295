/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "start.h"
#include "verb.h"

static char *
remove_start (Client *client, const Options *options, const char *worker, GError **error)
{
  return client_read_path (client_call (client, HIVE_PATH, HIVE_INTERFACE, "RemoveWorker", CLIENT_SOON, error, "s",
                                        worker),
                           error);
}

static ExitStatus
remove_run (Client *client, const Options *options, char **arguments, GError **error)
{
  return start_jobs (client, options, arguments, remove_start, NULL);
}

const Verb remove_verb = {
  .name = "remove",
  .arguments = N_ ("WORKER…"),
  .summary = N_ ("Remove installed workers"),
  .details = N_ ("Files that were changed since they were installed are left in place."),
  .example = "hivectl remove hive-probe",
  .options = OPTION_NO_WAIT | OPTION_QUIET,
  .least = 1,
  .most = G_MAXUINT,
  .run = remove_run,
};
