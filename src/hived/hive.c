/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hive.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <malloc.h>
#include <systemd/sd-daemon.h>

#include "audience.h"
#include "authority.h"
#include "capabilities.h"
#include "catalog-methods.h"
#include "error.h"
#include "history.h"
#include "idle.h"
#include "instance-object.h"
#include "instances.h"
#include "job-object.h"
#include "job-run.h"
#include "job-store.h"
#include "journal.h"
#include "line-signals.h"
#include "machine.h"
#include "manager.h"
#include "model-jobs.h"
#include "models.h"
#include "pushes.h"
#include "registry.h"
#include "rules-watch.h"
#include "scheduler.h"
#include "shutdown.h"
#include "updates.h"
#include "verification.h"
#include "worker.h"

#define COUNTS_INTERVAL (G_USEC_PER_SEC / 10)
#define STOP_POLL       (50 * 1000)
#define STOP_TURNS      600 /* 30 seconds */

static void
hive_on_caller (const char *name, uid_t uid, void *userdata)
{
  audience_add (userdata, uid, name);
}

static bool
hive_publish (Hive *hive, GError **error)
{
  int r;

  /* Every call goes through these two first. */
  if ((r = callers_new (&hive->callers, hive->event, hive->bus)) < 0)
    return hive_error_set_errno (error, -r, "Cannot watch over calls");
  hive->authority = authority_new (hive->bus, hive->callers);
  if (hive->configuration->owner_reads_log)
    {
      hive->audience = audience_new (hive->bus);
      callers_on_known (hive->callers, hive_on_caller, hive->audience);
    }
  if ((r = manager_publish (hive)) < 0 || (r = job_object_publish (hive)) < 0 || (r = worker_publish (hive)) < 0 ||
      (r = updates_publish (hive)) < 0 || (r = catalog_methods_publish (hive)) < 0 || (r = models_publish (hive)) < 0 ||
      (r = model_jobs_publish (hive)) < 0 || (r = pushes_publish (hive)) < 0 ||
      (r = instance_object_publish (hive)) < 0)
    return hive_error_set_errno (error, -r, "Cannot put the hive's objects on the bus");
  return true;
}

static int
hive_on_counts (sd_event_source *source, uint64_t usec, void *userdata)
{
  Hive *hive = userdata;
  const char *names[3] = { NULL };
  unsigned running, queued;
  int count = 0;

  hive->counts_timer = sd_event_source_disable_unref (hive->counts_timer);
  hive_counts (hive, &running, &queued);
  if (running != hive->announced_running)
    names[count++] = "RunningJobs";
  if (queued != hive->announced_queued)
    names[count++] = "QueuedJobs";
  hive->announced_running = running;
  hive->announced_queued = queued;
  if (count > 0)
    sd_bus_emit_properties_changed_strv (hive->bus, HIVE_PATH, HIVE_INTERFACE, (char **)names);
  sd_notifyf (0, "STATUS=Jobs: %u running, %u waiting", running, queued);
  return 0;
}

static void
hive_jobs_changed (Hive *hive)
{
  shutdown_update (hive->shutdown);
  if (!hive->counts_timer)
    sd_event_add_time_relative (hive->event, &hive->counts_timer, CLOCK_MONOTONIC, COUNTS_INTERVAL, 0, hive_on_counts,
                                hive);
}

static void
hive_job_ended (Hive *hive, Job *job)
{
  scheduler_release (hive->scheduler, job);
  if (job->options && job->options->recipe)
    handed_recipe_drop (hive->configuration, job->id);
  journal_job_ended (job);
  pushes_follow (hive, job);
  hive_jobs_changed (hive);
  job_store_trim (hive->jobs);
  history_look (hive->history);
  malloc_trim (0);
}

static const JobObserver hive_observer = { .changed = hive_jobs_changed, .ended = hive_job_ended };

/* What runs is not ended, only forgotten: a later daemon finds it again. */
static void
hive_forget_runs (Hive *hive)
{
  GPtrArray *jobs = job_store_jobs (hive->jobs);

  for (guint i = 0; i < jobs->len; i++)
    g_clear_pointer (&((Job *)jobs->pdata[i])->run, job_run_free);
}

static void
hive_on_catalog (const CatalogState *state, void *userdata)
{
  const Hive *hive = userdata;

  sd_bus_emit_signal (hive->bus, HIVE_PATH, HIVE_INTERFACE, "CatalogChanged", "s", state->configuration->name);
}

Hive *
hive_new (sd_event *event, sd_bus *bus, Configuration *configuration, bool units, GError **error)
{
  g_autoptr (Hive) hive = g_new0 (Hive, 1);

  hive->event = sd_event_ref (event);
  hive->bus = sd_bus_ref (bus);
  hive->architecture = g_strdup (machine_architecture ());
  hive->configuration = configuration;
  hive->backlog = backlog_new (event, bus);
  hive->log_quota = log_quota_new (configuration);
  hive->launcher = launcher_new (event, units ? bus : NULL, configuration);
  hive->queries = queries_new (event, hive->launcher, configuration);
  hive->catalogs = catalogs_new (hive->queries, configuration, hive_on_catalog, hive);
  hive->committer = committer_new (event, hive->launcher, configuration);
  hive->registry = registry_new (hive);
  hive->capabilities = capabilities_new (hive);
  hive->lines = line_signals_new (event);
  hive->observer = &hive_observer;
  hive->scheduler = scheduler_new (hive, job_run_start);
  hive->history = history_new (hive);
  hive->updates = updates_new ();
  hive->verifications = verifications_new (hive);
  hive->instances = instances_new (hive);
  hive->leaving = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  hive->jobs = job_store_new (hive, error);
  if (!hive->jobs || !hive_publish (hive, error))
    {
      hive->configuration = NULL; /* still the caller's */
      return NULL;
    }
  hive->shutdown = shutdown_new (hive);
  hive->rules_watch = rules_watch_new (hive);
  if (units && configuration->idle_timeout > 0)
    hive->idle = idle_new (hive);
  return g_steal_pointer (&hive);
}

void
hive_free (Hive *hive)
{
  if (!hive)
    return;
  sd_event_source_disable_unref (hive->stop_timer);
  sd_event_source_disable_unref (hive->counts_timer);
  rules_watch_free (hive->rules_watch);
  idle_free (hive->idle);
  shutdown_free (hive->shutdown);
  instances_free (hive->instances);
  verifications_free (hive->verifications);
  history_free (hive->history);
  updates_free (hive->updates);
  scheduler_free (hive->scheduler);
  committer_free (hive->committer);
  if (hive->jobs)
    hive_forget_runs (hive);
  job_store_free (hive->jobs);
  line_signals_free (hive->lines);
  queries_free (hive->queries);
  catalogs_free (hive->catalogs);
  capabilities_free (hive->capabilities);
  registry_free (hive->registry);
  launcher_free (hive->launcher);
  authority_free (hive->authority);
  log_quota_free (hive->log_quota);
  backlog_free (hive->backlog);
  callers_free (hive->callers);
  audience_free (hive->audience);
  g_clear_pointer (&hive->leaving, g_hash_table_unref);
  g_clear_pointer (&hive->configuration, configuration_free);
  sd_bus_flush_close_unref (hive->bus);
  sd_event_unref (hive->event);
  g_free (hive->architecture);
  g_free (hive);
}

/* Work trees of jobs that are no more. */
static void
hive_cleaned (const Ending *ending, void *userdata)
{
  if (ending_status (ending) != 0)
    g_warning ("An old work tree could not be removed");
}

static void
hive_clean_work (Hive *hive)
{
  g_autofree char *path = configuration_cache_path (hive->configuration, "work", NULL);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory && (name = g_dir_read_name (directory)))
    {
      Job *job = job_store_find (hive->jobs, name);
      g_autofree char *work = g_build_filename (path, name, NULL);
      g_autoptr (JsonObject) request = NULL;

      if (job && job->run)
        continue; /* its own end cleans it */
      request = json_object_new ();
      json_object_set_string_member (request, "work", work);
      committer_run (hive->committer, COMMIT_CLEAN, request, hive_cleaned, hive);
    }
}

/* What ran when the hive went away is over; what waited waits again. */
static void
hive_resume_jobs (Hive *hive)
{
  GPtrArray *jobs = job_store_jobs (hive->jobs);
  g_autoptr (GPtrArray) active = g_ptr_array_new ();

  for (guint i = 0; i < jobs->len; i++)
    {
      Job *job = jobs->pdata[i];

      /* One that was asked for meanwhile has its run, or its place in the queue. */
      if (job_is_active (job) && !job->run && job->created_at < hive->started_at)
        g_ptr_array_add (active, job);
    }
  for (guint i = 0; i < active->len; i++)
    {
      Job *job = active->pdata[i];

      if (hive->audience)
        audience_find (hive->audience, job->owner);
      if (job->state == JOB_QUEUED && (job->operation == JOB_INSTALL || job->operation == JOB_PULL))
        scheduler_add_old (hive->scheduler, job);
      else
        job_run_recover (job);
    }
}

/* Which backend a worker is built for depends on the devices. */
static void
hive_on_devices (const GError *failure, void *userdata)
{
  Hive *hive = userdata;

  if (!hive->stop_timer) /* else nothing may start any more */
    scheduler_set_open (hive->scheduler, true);
  malloc_trim (0);
}

static void
hive_open (Hive *hive)
{
  g_autoptr (GError) error = NULL;

  if (!capabilities_are_known (hive) && capabilities_look (hive, (uid_t)-1, hive_on_devices, hive, &error))
    return;
  if (error || !capabilities_write (hive, &error))
    g_warning ("%s", error->message);
  hive_on_devices (NULL, hive);
}

static void
hive_recovered (const Ending *ending, void *userdata)
{
  Hive *hive = userdata;
  g_autofree char *how = ending_to_string (ending);

  if (ending_status (ending) != 0)
    g_warning ("Transactions could not be recovered (%s); see the messages of rbee-hive-commit", how);
  hive_resume_jobs (hive);
  hive_clean_work (hive);
  hive_open (hive);
}

void
hive_start (Hive *hive)
{
  g_autoptr (JsonObject) nothing = json_object_new ();

  hive->started_at = (uint64_t)g_get_real_time ();
  committer_run (hive->committer, COMMIT_RECOVER, nothing, hive_recovered, hive);
  if (launcher_outlives_hive (hive->launcher))
    instances_start (hive->instances);
  history_look (hive->history);
}

static bool
hive_is_quiet (Hive *hive)
{
  GPtrArray *jobs = job_store_jobs (hive->jobs);

  for (guint i = 0; i < jobs->len; i++)
    if (((Job *)jobs->pdata[i])->run)
      return false;
  return committer_is_idle (hive->committer);
}

static int
hive_on_stop (sd_event_source *source, uint64_t usec, void *userdata)
{
  Hive *hive = userdata;

  if (hive_is_quiet (hive) || ++hive->stop_turns > STOP_TURNS)
    return sd_event_exit (hive->event, 0);
  sd_event_source_set_time_relative (source, STOP_POLL);
  return sd_event_source_set_enabled (source, SD_EVENT_ONESHOT);
}

void
hive_stop (Hive *hive)
{
  GPtrArray *jobs = job_store_jobs (hive->jobs);

  if (hive->stop_timer)
    return;
  sd_notify (0, "STOPPING=1");
  authority_stop (hive->authority);
  if (launcher_outlives_hive (hive->launcher))
    {
      sd_event_exit (hive->event, 0);
      return;
    }
  scheduler_set_open (hive->scheduler, false);
  for (guint i = 0; i < jobs->len; i++)
    job_run_interrupt (jobs->pdata[i], "The hive was stopped");
  if (sd_event_add_time_relative (hive->event, &hive->stop_timer, CLOCK_MONOTONIC, 0, 1, hive_on_stop, hive) < 0)
    sd_event_exit (hive->event, 0);
}

bool
hive_has_questions (const Hive *hive)
{
  return !callers_are_idle (hive->callers) || !authority_is_idle (hive->authority) ||
         !queries_are_idle (hive->queries) || !verifications_are_idle (hive->verifications);
}

bool
hive_is_busy (const Hive *hive)
{
  unsigned running, queued;

  hive_counts ((Hive *)hive, &running, &queued);
  return running + queued > 0 || !committer_is_idle (hive->committer) || hive_has_questions (hive) ||
         !instances_are_idle (hive->instances);
}

bool
hive_runs_workers (const Hive *hive)
{
  return launcher_outlives_hive (hive->launcher);
}

void
hive_counts (Hive *hive, unsigned *ret_running, unsigned *ret_queued)
{
  GPtrArray *jobs = job_store_jobs (hive->jobs);

  *ret_running = *ret_queued = 0;
  for (guint i = 0; i < jobs->len; i++)
    {
      const Job *job = jobs->pdata[i];

      if (job->state == JOB_QUEUED)
        (*ret_queued)++;
      else if (job_is_active (job))
        (*ret_running)++;
    }
}
