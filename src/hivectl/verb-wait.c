/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "follow.h"
#include "terminal.h"
#include "verb.h"

/* Of one job: its exit status, or that of what kept us from learning it. */
static ExitStatus
wait_for_job (Client *client, const Options *options, const char *id, bool *ret_left)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = client_find_job (client, id, &error);
  FollowResult result = { 0 };

  if (path && follow_job (client, options, path, FOLLOW_TO_END | FOLLOW_OUTCOME, &result, &error))
    {
      if (result.left)
        follow_report_left (client, path);
      *ret_left = result.left;
      return result.status;
    }
  terminal_report (error->message);
  return error->code;
}

static ExitStatus
wait_run (Client *client, const Options *options, char **arguments, GError **error)
{
  Options quietly = *options;
  ExitStatus status = EXIT_STATUS_OK;
  bool left = false;

  quietly.quiet = true;
  for (char **id = arguments; *id && !left; id++)
    {
      ExitStatus of_this = wait_for_job (client, &quietly, *id, &left);

      status = status ? status : of_this;
    }
  return status;
}

const Verb wait_verb = {
  .name = "wait",
  .arguments = N_ ("JOB…"),
  .summary = N_ ("Wait until jobs have ended"),
  .details = N_ ("Shows nothing but why one failed; the exit status says how they ended, of\n"
                 "several the first that went wrong. One that has ended already is not waited for."),
  .example = "hivectl wait 17 && hive-probe",
  .least = 1,
  .most = G_MAXUINT,
  .run = wait_run,
};
