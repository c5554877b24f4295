/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "follow.h"
#include "verb.h"

/* Followed, a hive that dies while it is asked is asked again once: so it is later, too. */
static char *
log_find_job (Client *client, const Options *options, const char *id, GError **error)
{
  g_autoptr (GError) failure = NULL;
  char *path = client_find_job (client, id, &failure);

  if (path)
    return path;
  if (options->follow && failure->code == EXIT_STATUS_NO_HIVE)
    return client_find_job (client, id, error);
  g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

static ExitStatus
log_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autofree char *path = log_find_job (client, options, arguments[0], error);
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
  .details = N_ ("What there is so far; with --follow also what comes, until the job ends: then\n"
                 "the exit status says how it ended."),
  .example = "hivectl log 17 --follow",
  .options = OPTION_FOLLOW | OPTION_LINES | OPTION_QUIET,
  .paged = true,
  .least = 1,
  .most = 1,
  .run = log_run,
};
