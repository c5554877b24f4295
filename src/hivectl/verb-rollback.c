/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "start.h"
#include "verb.h"

static char *
rollback_start (Client *client, const Options *options, const char *worker, GError **error)
{
  return client_read_path (client_call (client, HIVE_PATH, HIVE_INTERFACE, "RollbackWorker", CLIENT_SOON, error, "s",
                                        worker),
                           error);
}

static ExitStatus
rollback_run (Client *client, const Options *options, char **arguments, GError **error)
{
  return start_jobs (client, options, arguments, rollback_start, NULL);
}

const Verb rollback_verb = {
  .name = "rollback",
  .arguments = N_ ("WORKER…"),
  .summary = N_ ("Put back the version that was replaced"),
  .details = N_ ("Nothing is built. What is gone back from is not kept: upgrade builds it again."),
  .example = "hivectl rollback hive-probe",
  .options = OPTION_NO_WAIT | OPTION_QUIET,
  .least = 1,
  .most = G_MAXUINT,
  .run = rollback_run,
};
