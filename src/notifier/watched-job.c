/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watched-job.h"

#include <glib/gi18n.h>
#include <stddef.h>
#include <string.h>

#include "phase-title.h"

WatchedJob *
watched_job_new (void)
{
  WatchedJob *job = g_new0 (WatchedJob, 1);

  job->progress = -1;
  return job;
}

WatchedJob *
watched_job_copy (const WatchedJob *job)
{
  WatchedJob *copy = g_memdup2 (job, sizeof *job);

  copy->id = g_strdup (job->id);
  copy->operation = g_strdup (job->operation);
  copy->worker = g_strdup (job->worker);
  copy->name = g_strdup (job->name);
  copy->state = g_strdup (job->state);
  copy->phase = g_strdup (job->phase);
  copy->message = g_strdup (job->message);
  return copy;
}

void
watched_job_free (WatchedJob *job)
{
  if (!job)
    return;
  g_free (job->id);
  g_free (job->operation);
  g_free (job->worker);
  g_free (job->name);
  g_free (job->state);
  g_free (job->phase);
  g_free (job->message);
  g_free (job);
}

/* By their names in ListJobs. */
static const struct
{
  const char *key;
  char type;
  size_t offset;
} fields[] = {
  { "id", 's', offsetof (WatchedJob, id) },
  { "operation", 's', offsetof (WatchedJob, operation) },
  { "worker_id", 's', offsetof (WatchedJob, worker) },
  { "name", 's', offsetof (WatchedJob, name) },
  { "state", 's', offsetof (WatchedJob, state) },
  { "phase", 's', offsetof (WatchedJob, phase) },
  { "error_message", 's', offsetof (WatchedJob, message) },
  { "progress", 'd', offsetof (WatchedJob, progress) },
  { "owner", 'u', offsetof (WatchedJob, owner) },
  { "created_at", 't', offsetof (WatchedJob, created_at) },
  { "finished_at", 't', offsetof (WatchedJob, finished_at) },
};

/* Whether a property's name is that key: WorkerId is worker_id. */
static bool
watched_job_is_key (const char *name, const char *key)
{
  for (; *name && *key; name++, key++)
    {
      key += *key == '_' && *name != '_';
      if (g_ascii_tolower (*name) != *key)
        return false;
    }
  return *name == *key;
}

static int
watched_job_read_field (WatchedJob *job, sd_bus_message *message, char type, size_t offset)
{
  const char contents[] = { type, 0 };
  void *field = (char *)job + offset;
  const char *text;
  int r = sd_bus_message_enter_container (message, 'v', contents);

  if (r < 0)
    return r;
  r = sd_bus_message_read_basic (message, type, type == 's' ? (void *)&text : field);
  if (r < 0)
    return r;
  if (type == 's')
    {
      g_free (*(char **)field);
      *(char **)field = g_strdup (text);
    }
  return sd_bus_message_exit_container (message);
}

/* Of the options one counts. */
static int
watched_job_read_options (WatchedJob *job, sd_bus_message *message)
{
  const char *key;
  int r;

  if ((r = sd_bus_message_enter_container (message, 'v', "a{sv}")) < 0 ||
      (r = sd_bus_message_enter_container (message, 'a', "{sv}")) < 0)
    return r;
  while ((r = sd_bus_message_enter_container (message, 'e', "sv")) > 0)
    {
      if ((r = sd_bus_message_read (message, "s", &key)) < 0 || (r = sd_bus_message_skip (message, "v")) < 0 ||
          (r = sd_bus_message_exit_container (message)) < 0)
        return r;
      job->own_recipe |= g_str_equal (key, "origin");
    }
  if (r < 0 || (r = sd_bus_message_exit_container (message)) < 0)
    return r;
  return sd_bus_message_exit_container (message);
}

static int
watched_job_read_value (WatchedJob *job, const char *key, sd_bus_message *message)
{
  if (watched_job_is_key (key, "options"))
    return watched_job_read_options (job, message);
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (watched_job_is_key (key, fields[i].key))
      return watched_job_read_field (job, message, fields[i].type, fields[i].offset);
  return sd_bus_message_skip (message, "v");
}

int
watched_job_read (WatchedJob *job, sd_bus_message *message)
{
  const char *key;
  int r = sd_bus_message_enter_container (message, 'a', "{sv}");

  if (r < 0)
    return r;
  while ((r = sd_bus_message_enter_container (message, 'e', "sv")) > 0)
    if ((r = sd_bus_message_read (message, "s", &key)) < 0 || (r = watched_job_read_value (job, key, message)) < 0 ||
        (r = sd_bus_message_exit_container (message)) < 0)
      return r;
  return r < 0 ? r : sd_bus_message_exit_container (message);
}

bool
watched_job_is_failed (const WatchedJob *job)
{
  return g_strcmp0 (job->state, "failed") == 0;
}

bool
watched_job_is_active (const WatchedJob *job)
{
  return !watched_job_is_failed (job) && g_strcmp0 (job->state, "done") != 0 &&
         g_strcmp0 (job->state, "cancelled") != 0;
}

bool
watched_job_is_of_model (const WatchedJob *job)
{
  return job->operation && g_str_has_prefix (job->operation, "model_");
}

bool
watched_job_is_installation (const WatchedJob *job)
{
  return g_strcmp0 (job->state, "done") == 0 && g_strcmp0 (job->operation, "worker_install") == 0;
}

bool
watched_job_can_repeat (const WatchedJob *job)
{
  static const char *const operations[] = { "worker_install", "worker_remove", "worker_rollback", NULL };

  return !job->own_recipe && job->operation && g_strv_contains (operations, job->operation);
}

uint64_t
watched_job_duration (const WatchedJob *job)
{
  uint64_t end = job->finished_at ? job->finished_at : (uint64_t)g_get_real_time ();

  return end > job->created_at ? (end - job->created_at) / G_USEC_PER_SEC : 0;
}

/* What is said of it, by its operation and how it stands. */
static const struct
{
  const char *operation, *goes_on, *done, *failed;
} phrases[] = {
  { "worker_install", N_ ("Installing %s"), N_ ("Installed %s"), N_ ("Cannot install %s") },
  { "worker_remove", N_ ("Removing %s"), N_ ("Removed %s"), N_ ("Cannot remove %s") },
  { "worker_rollback", N_ ("Going back to the earlier %s"), N_ ("Went back to the earlier %s"),
    N_ ("Cannot go back to the earlier %s") },
  { "worker_push", N_ ("Pushing %s to a store"), N_ ("Pushed %s to a store"), N_ ("Cannot push %s to a store") },
  { "model_download", N_ ("Fetching the model %s"), N_ ("Fetched the model %s"), N_ ("Cannot fetch the model %s") },
  { "model_import", N_ ("Importing the model %s"), N_ ("Imported the model %s"), N_ ("Cannot import the model %s") },
};

static char *
watched_job_say (const WatchedJob *job)
{
  GString *text = g_string_new ("%s");
  const char *name = job->name ? job->name : job->worker; /* an older hive says no name */

  for (gsize i = 0; i < G_N_ELEMENTS (phrases); i++)
    if (g_strcmp0 (job->operation, phrases[i].operation) == 0)
      g_string_assign (text, watched_job_is_active (job) ? _ (phrases[i].goes_on) :
                             watched_job_is_failed (job) ? _ (phrases[i].failed) :
                                                           _ (phrases[i].done));
  g_string_replace (text, "%s", name ? name : "", 1);
  return g_string_free (text, FALSE);
}

char *
watched_job_describe (const WatchedJob *job)
{
  g_autofree char *what = NULL;
  const char *phase;

  if (!watched_job_is_active (job))
    return watched_job_outcome (job);
  what = watched_job_say (job);
  if (g_strcmp0 (job->state, "queued") == 0)
    return g_strdup_printf (_ ("%s (waits for its turn)"), what);
  if (!job->phase || !*job->phase)
    return g_steal_pointer (&what);
  phase = phase_title (job->operation, job->phase);
  if (job->progress < 0)
    return g_strdup_printf ("%s (%s)", what, phase);
  return g_strdup_printf (_ ("%s (%s, %d %%)"), what, phase, (int)(100 * CLAMP (job->progress, 0, 1)));
}

char *
watched_job_outcome (const WatchedJob *job)
{
  return watched_job_say (job);
}
