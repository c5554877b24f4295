/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-run.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "job-run-private.h"
#include "job-store.h"
#include "json.h"
#include "log-end.h"
#include "registry.h"
#include "scheduler.h"

/* The life of an install, hop by hop; between two of them the daemon does other things, or dies: then job_run_recover()
 * goes on. job-run-build.c, job-run-commit.c and job-run-end.c have a part each, in which the functions stand from the
 * last to the first.
 *
 *   job_run_start       opens the log, starts the builder                           state running
 *   job_run_built         the builder has exited: how is noted in job.json
 *   job_run_collected     its last process is gone
 *   job_run_finish_build  its log was read to the end: was it cancelled, did it fail, or is something to be installed?
 *   job_run_commit        starts rbee-hive-commit                                     state committing
 *   job_run_committed     that has exited
 *   job_run_finish_commit its log was read to the end
 *   job_run_mended        only where it was ended in its middle: it was completed or undone
 *   job_run_cleaned       the work tree is gone; rbee-hive-commit may have taken it along
 *   job_run_end           the log gets its end                                        state done, failed or cancelled
 *   job_run_finished      the last lines' signals, job.json, Finished; the run is freed
 *
 * A removal, a rollback and a push begin at job_run_commit, a queued job that is cancelled at job_run_cleaned. Where a
 * push packed for a registry, job_run_finish_commit starts a builder, which has the network; that one ends as every
 * other, at job_run_built. Whatever fails goes to job_run_fail, and on from job_run_cleaned. */

static JobRun *
job_run_new (Job *job, GError **error)
{
  g_auto (Fd) fd = job_store_open_log (job->hive->jobs, job, O_RDWR | O_APPEND | O_CREAT);
  JobRun *run;

  if (fd < 0)
    {
      hive_error_set_errno (error, -fd, "Cannot open the log of job %s", job->id);
      return NULL;
    }
  run = g_new0 (JobRun, 1);
  run->job = job;
  run->log = log_writer_new (fd, job->hive->configuration->max_log_size);
  run->tail = line_tail_new (job->hive->lines, job, fd, job->log_size);
  run->log_fd = fd_steal (&fd);
  line_tail_on_result (run->tail, job_run_on_result, run);
  return run;
}

void
job_run_free (JobRun *run)
{
  if (!run)
    return;
  job_dependencies_free (run->dependencies);
  child_free (run->builder);
  sd_event_source_disable_unref (run->timer);
  line_tail_free (run->tail);
  log_writer_free (run->log);
  if (run->log_fd >= 0)
    close (run->log_fd);
  g_clear_error (&run->stopped);
  g_free (run->not_started);
  g_free (run->committed_message);
  g_free (run->work);
  g_free (run);
}

/* A run for @job. A job whose log cannot be opened fails at once, with signals only. */
static JobRun *
job_run_begin (Job *job)
{
  g_autoptr (GError) error = NULL;

  job->run = job_run_new (job, &error);
  if (job->run)
    return job->run;
  g_warning ("Job %s: %s", job->id, error->message);
  job_set_error (job, error);
  job_set_state (job, JOB_FAILED);
  job_announce (job);
  job_store_save (job->hive->jobs, job, NULL);
  job_tell_finished (job);
  job->hive->observer->ended (job->hive, job);
  return NULL;
}

void
job_run_start (Job *job)
{
  JobRun *run = job_run_begin (job);

  if (run)
    job_run_build (run);
}

void
job_run_remove (Job *job)
{
  JobRun *run = job_run_begin (job);
  g_autoptr (JsonObject) request = json_object_new ();

  if (run)
    job_run_commit (run, COMMIT_REMOVE, request);
}

void
job_run_rollback (Job *job)
{
  JobRun *run = job_run_begin (job);
  g_autoptr (JsonObject) request = json_object_new ();

  if (!run)
    return;
  json_object_set_int_member (request, "installed_by", job->owner);
  job_run_commit (run, COMMIT_ROLLBACK, request);
}

void
job_run_push (Job *job)
{
  JobRun *run = job_run_begin (job);
  g_autoptr (JsonObject) request = json_object_new ();

  if (!run)
    return;
  json_object_set_string_member (request, "url", job->options->to);
  if (!store_folder (job->options->to))
    {
      run->work = configuration_cache_path (job->hive->configuration, "work", job->id, NULL);
      json_object_set_string_member (request, "stage", run->work);
    }
  job_run_commit (run, COMMIT_PUSH, request);
}

static bool
job_run_cancel_queued (Job *job)
{
  JobRun *run;

  scheduler_remove (job->hive->scheduler, job);
  run = job_run_begin (job);
  if (run)
    {
      run->outcome = JOB_CANCELLED;
      job_run_clean (run);
    }
  return true;
}

/* At once, for those who watch: what runs has a while to end. */
static void
job_run_tell_cancelled (const JobRun *run)
{
  const char *phase = *run->job->phase ? run->job->phase : "cleanup";

  if (run->dependencies)
    log_writer_note (run->log, phase, "🛑 Cancelled; tidying up when the system's packages are installed");
  else
    log_writer_note (run->log, phase, "🛑 Cancelled; tidying up when the %s phase has ended", phase);
}

bool
job_run_cancel (Job *job, GError **error)
{
  JobRun *run = job->run;

  if (job->state == JOB_QUEUED && !run)
    return job_run_cancel_queued (job);
  if (job->state == JOB_RUNNING && run && job->cancelled)
    return true;
  if (job->state == JOB_RUNNING && run && run->builder && !run->stopped)
    {
      job->cancelled = true;
      job_run_save (run);
      job_run_tell_cancelled (run);
      if (run->dependencies)
        job_dependencies_cancel (run->dependencies); /* its end stops the builder */
      else
        job_run_stop_builder (run);
      return true;
    }
  if (!job_is_active (job))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_NOT_CANCELLABLE, "Job %s has ended already (%s)", job->id,
                 job_state_name (job->state));
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_NOT_CANCELLABLE,
                 "Job %s is changing installed files or ending right now; wait for it", job->id);
  return false;
}

void
job_run_interrupt (Job *job, const char *why)
{
  JobRun *run = job->run;

  if (!run || !run->builder || run->stopped || job->cancelled)
    return;
  run->stopped = g_error_new (HIVE_ERROR, HIVE_ERROR_INTERRUPTED, N_ ("%s while this job ran; ask for it again"), why);
  job_run_stop_builder (run);
}

static void
job_run_cleaned_late (const Ending *ending, void *userdata)
{
  if (ending_status (ending) != 0)
    g_warning ("The work tree of a job that had ended could not be removed");
}

/* Only the record of the outcome is missing. */
static void
job_run_finish_late (JobRun *run, const GError *error)
{
  g_autoptr (JsonObject) request = json_object_new ();

  if (run->outcome == JOB_FAILED && error)
    job_set_error (run->job, error);
  job_set_state (run->job, run->outcome);
  if (run->work)
    {
      json_object_set_string_member (request, "work", run->work);
      committer_run (run->job->hive->committer, COMMIT_CLEAN, request, job_run_cleaned_late, NULL);
    }
  line_tail_drain (run->tail, job_run_finished, run);
}

/* What it was doing goes on without the daemon, unless the machine was rebooted. */
static bool
job_run_adopt (JobRun *run)
{
  Job *job = run->job;
  Hive *hive = job->hive;
  g_autofree char *unit = job_run_unit (job);

  if (!launcher_outlives_hive (hive->launcher) || !job_is_of_this_boot (job))
    return false;
  if (job->state == JOB_COMMITTING)
    {
      run->replaced = registry_has (hive->registry, job->worker_id);
      committer_adopt_job (hive->committer, job, job_run_committed, run);
      return true;
    }
  run->builder = launcher_adopt (hive->launcher, unit, job_run_built, run);
  if (job->cancelled)
    job_run_stop_builder (run);
  return true;
}

void
job_run_recover (Job *job)
{
  JobRun *run = job_run_begin (job);
  g_autofree char *work = configuration_cache_path (job->hive->configuration, "work", job->id, NULL);
  g_autoptr (GError) error = NULL;

  if (!run)
    return;
  run->work = g_file_test (work, G_FILE_TEST_IS_DIR) ? g_steal_pointer (&work) : NULL;
  if (log_end_read (run->log_fd, &run->outcome, &error))
    job_run_finish_late (run, error);
  else if (job_run_adopt (run))
    return;
  else if (job_run_was_committed (job))
    job_run_succeed (run);
  else
    {
      g_clear_error (&error);
      error = g_error_new (HIVE_ERROR, HIVE_ERROR_INTERRUPTED,
                           N_ ("The %s was restarted while this job ran; ask for it again"),
                           job_is_of_this_boot (job) ? "hive" : "machine");
      job_run_fail (run, error, false);
    }
}
