/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "follow.h"
#include "verb.h"

static ExitStatus
log_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autofree char *path = client_find_job (client, arguments[0], error);
  FollowResult result = { 0 };

  if (!path || !follow_job (client, options, path, options->follow ? FOLLOW_TO_END : 0, &result, error))
    return EXIT_STATUS_FAILED;
  if (result.left)
    follow_report_left (client, path);
  return options->follow ? result.status : EXIT_STATUS_OK;
}

const Verb log_verb = {
  .name = "log",
  .arguments = N_ ("JOB"),
  .summary = N_ ("Show a job's log"),
  .details = N_ ("What is there by now; with --follow also what comes, until the job ends: then\n"
                 "the exit status says how it ended."),
  .example = "hivectl log 17 --follow",
  .options = OPTION_FOLLOW | OPTION_QUIET,
  .least = 1,
  .most = 1,
  .run = log_run,
};
