/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "start.h"

#include <glib/gi18n.h>
#include <string.h>

#include "follow.h"
#include "json.h"
#include "terminal.h"
#include "variant.h"

/* A worker's job, or why there is none. */
typedef struct
{
  char *path;
  ExitStatus status;
} Start;

static ExitStatus
start_report (GError *error)
{
  ExitStatus status = error->code;

  terminal_report (error->message);
  g_error_free (error);
  return status;
}

static void
start_one (Client *client, const Options *options, const char *worker, StartFunction start, Start *ret_start)
{
  GError *error = NULL;

  ret_start->path = start (client, options, worker, &error);
  if (!ret_start->path)
    ret_start->status = start_report (error);
}

static void
start_print_id (const Options *options, const char *worker, const char *path)
{
  const char *id = strrchr (path, '/') + 1;
  JsonObject *object;

  if (!options->json)
    {
      terminal_printf ("%s\n", id);
      return;
    }
  object = json_object_new ();
  json_object_set_string_member (object, "job", id);
  json_object_set_string_member (object, "worker", worker);
  variant_print_line (object);
}

static void
start_print_heading (const Options *options, const char *worker, bool first)
{
  if (!options->json && !options->quiet)
    terminal_printf ("%s%s%s%s\n", first ? "" : "\n", terminal_style (TERMINAL_BOLD), worker,
                     terminal_style (TERMINAL_PLAIN));
}

/* What may be tried where something was missing. */
static void
start_hint (const char *worker)
{
  g_autofree char *hint =
      g_strdup_printf (_ ("'hivectl install --install-dependencies %s' installs what is missing too"), worker);

  terminal_report (hint);
}

/* By the id that the job has: what was named may be a folder. */
static ExitStatus
start_go_on (Client *client, const Options *options, const char *path, StartedFunction then)
{
  GError *error = NULL;
  g_autoptr (JsonObject) job = client_get_all (client, path, JOB_INTERFACE, &error);

  if (job && then (client, options, json_get_string (job, "WorkerId", ""), &error))
    return EXIT_STATUS_OK;
  return start_report (error);
}

/* Returns false when the rest is not to be followed. */
static bool
start_follow (Client *client, const Options *options, const char *worker, StartedFunction then, Start *start)
{
  FollowResult result = { 0 };
  GError *error = NULL;

  if (!follow_job (client, options, start->path, FOLLOW_TO_END | FOLLOW_OUTCOME, &result, &error))
    start->status = start_report (error);
  else
    start->status = result.status;
  if (result.missing && !options->install_dependencies && !options->json && !options->quiet)
    start_hint (worker);
  if (then && !result.left && start->status == EXIT_STATUS_OK)
    start->status = start_go_on (client, options, start->path, then);
  return !result.left;
}

static void
start_follow_all (Client *client, const Options *options, char **workers, StartedFunction then, Start *starts)
{
  bool follows = true, first = true;

  for (guint i = 0; workers[i]; i++)
    {
      if (!starts[i].path)
        continue;
      if (follows && workers[1])
        start_print_heading (options, workers[i], first);
      first = false;
      follows = follows && start_follow (client, options, workers[i], then, &starts[i]);
      if (!follows)
        follow_report_left (client, starts[i].path);
    }
}

ExitStatus
start_jobs (Client *client, const Options *options, char **workers, StartFunction start, StartedFunction then)
{
  g_autofree Start *starts = g_new0 (Start, g_strv_length (workers));
  ExitStatus status = EXIT_STATUS_OK;

  for (guint i = 0; workers[i]; i++)
    {
      start_one (client, options, workers[i], start, &starts[i]);
      if (starts[i].path && options->no_wait)
        start_print_id (options, workers[i], starts[i].path);
    }
  if (!options->no_wait)
    start_follow_all (client, options, workers, then, starts);

  for (guint i = 0; workers[i]; i++)
    {
      status = status ? status : starts[i].status;
      g_free (starts[i].path);
    }
  return status;
}
