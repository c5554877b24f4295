/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-run.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build-failure.h"
#include "build-result.h"
#include "capabilities.h"
#include "catalog-cache.h"
#include "error.h"
#include "file.h"
#include "job-dependencies.h"
#include "job-store.h"
#include "json.h"
#include "line-signals.h"
#include "log-end.h"
#include "log-writer.h"
#include "registry.h"
#include "scheduler.h"
#include "worker.h"

#define STOP_TIMEOUT (10 * G_USEC_PER_SEC) /* between SIGTERM and SIGKILL */

struct JobRun
{
  Job *job;
  int log_fd;
  LogWriter *log;
  LineTail *tail;

  char *work; /* the work tree, once it was made */
  Child *builder;
  char *not_started;             /* why the builder could not be started */
  JobDependencies *dependencies; /* while the builder waits for them */
  sd_event_source *timer;        /* SIGKILL after SIGTERM */
  GError *stopped;               /* why the hive ended the builder, when it did */

  Ending committed;
  char *committed_message;
  bool installed_already;
  bool replaced; /* another version was installed before */

  JobState outcome;
};

/* The life of an install, hop by hop; between two of them the daemon does other things, or dies: then job_run_recover()
 * goes on. The functions stand below from the last to the first, each before the one that leads to it.
 *
 *   job_run_install       opens the log, starts the builder                           state running
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
 * A removal and a rollback begin at job_run_commit, a queued job that is cancelled at job_run_cleaned. Whatever fails
 * goes to job_run_fail, and on from job_run_cleaned. */
static void job_run_finish_commit (void *userdata);
static void job_run_finish_build (void *userdata);
static void job_run_finished (void *userdata);
static void job_run_on_result (void *userdata);

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

static void
job_run_save (JobRun *run)
{
  g_autoptr (GError) error = NULL;

  if (!job_store_save (run->job->hive->jobs, run->job, &error))
    g_warning ("Job %s: %s", run->job->id, error->message);
}

/* The last step: the log's end, the last lines' signals, job.json, the last signal. A daemon that dies in between finds
 * the outcome in the log (job_run_recover). */
static void
job_run_end (JobRun *run)
{
  Job *job = run->job;

  if (log_writer_write (run->log, "cleanup", LOG_STREAM_END, job_state_name (run->outcome), -1) < 0)
    g_warning ("Job %s: its log could not be ended", job->id);
  job_set_state (job, run->outcome);
  line_tail_drain (run->tail, job_run_finished, run);
}

static void
job_run_finished (void *userdata)
{
  JobRun *run = userdata;
  Job *job = run->job;
  Hive *hive = job->hive;

  job_run_save (run);
  job_announce (job);
  job_tell_finished (job);
  job->run = NULL;
  job_run_free (run);
  hive->observer->ended (hive, job);
}

/* @clean: the work tree is gone. */
static void
job_run_tidied (JobRun *run, bool clean)
{
  if (run->outcome == JOB_DONE && run->job->operation == JOB_INSTALL)
    {
      if (clean)
        log_writer_note (run->log, "cleanup", "✓ Cleanup complete");
      else
        log_writer_note (run->log, "cleanup", "⚠ Left in place: %s (it could not be removed)", run->work);
      log_writer_note (run->log, "cleanup", "✅ Worker installation complete!");
    }
  job_run_end (run);
}

static void
job_run_cleaned (const Ending *ending, void *userdata)
{
  JobRun *run = userdata;
  bool clean = ending_status (ending) == 0;

  if (!clean)
    g_warning ("Job %s: its work tree %s could not be removed", run->job->id, run->work);
  job_run_tidied (run, clean);
}

/* Removes the work tree, on every way out; after an install rbee-hive-commit may have done that. */
static void
job_run_clean (JobRun *run)
{
  g_autoptr (JsonObject) request = NULL;

  if (!run->work || !g_file_test (run->work, G_FILE_TEST_EXISTS))
    {
      job_run_tidied (run, true);
      return;
    }
  request = json_object_new ();
  json_object_set_string_member (request, "work", run->work);
  if (run->outcome == JOB_DONE)
    json_object_set_string_member (request, "keep_tools_of", run->job->worker_id);
  committer_run (run->job->hive->committer, COMMIT_CLEAN, request, job_run_cleaned, run);
}

static const char *
job_run_headline (const JobRun *run, const GError *error)
{
  if (error->code == HIVE_ERROR_INTERRUPTED)
    return "❌ Interrupted";
  if (run->job->operation == JOB_REMOVE)
    return "❌ Removal failed";
  if (run->job->operation == JOB_ROLLBACK)
    return "❌ Rollback failed";
  return error->code == HIVE_ERROR_BUILD_FAILED ? "❌ Build failed" : "❌ Installation failed";
}

/* Ends as failed. @error is ours, or what a program wrote into the log itself (@written). */
static void
job_run_fail (JobRun *run, const GError *error, bool written)
{
  const char *phase = *run->job->phase ? run->job->phase : "cleanup";

  if (!written)
    {
      log_writer_note (run->log, phase, "%s", job_run_headline (run, error));
      log_writer_error (run->log, phase, error);
    }
  job_set_error (run->job, error);
  run->outcome = JOB_FAILED;
  job_run_clean (run);
}

/* capabilities.json again, and the two lines about it. */
static void
job_run_capabilities (JobRun *run)
{
  g_autoptr (GError) error = NULL;

  log_writer_note (run->log, "capabilities", "📝 Updating capabilities cache...");
  if (capabilities_write (run->job->hive, &error))
    log_writer_note (run->log, "capabilities", "✓ Capabilities updated");
  else
    {
      g_warning ("%s", error->message);
      log_writer_note (run->log, "capabilities", "⚠ Capabilities not updated: %s", error->message);
    }
}

static void
job_run_succeed (JobRun *run)
{
  static const char *const notes[] = {
    [JOB_INSTALL] = "🧹 Cleaning up temp files...",
    [JOB_REMOVE] = "✅ Worker removal complete!",
    [JOB_ROLLBACK] = "✅ Worker rollback complete!",
  };

  run->outcome = JOB_DONE;
  log_writer_note (run->log, "cleanup", "%s", notes[run->job->operation]);
  job_run_clean (run);
}

/* The transaction is durable by itself: did it happen? */
static bool
job_run_was_committed (Job *job)
{
  const WorkerRecord *record = registry_get (job->hive->registry, job->worker_id, NULL);

  if (job->state != JOB_COMMITTING)
    return false;
  return job->operation == JOB_REMOVE ? !record : record && g_strcmp0 (record->job, job->id) == 0;
}

/* What was installed or removed is so for good. */
static void
job_run_succeed_commit (JobRun *run)
{
  Job *job = run->job;

  job_run_capabilities (run);
  if (job->operation == JOB_REMOVE)
    worker_announce_removed (job->hive, job->worker_id);
  else
    worker_announce_installed (job->hive, job->worker_id, run->replaced);
  job_run_succeed (run);
}

/* A commit that was ended in its middle was completed or undone: only now it is known which. */
static void
job_run_mended (const Ending *ending, void *userdata)
{
  JobRun *run = userdata;
  bool mended = ending_status (ending) == 0;
  g_autofree char *how = ending_to_string (&run->committed);
  g_autoptr (GError) error = NULL;

  if (!mended)
    g_warning ("Transactions could not be recovered; see the messages of rbee-hive-commit");
  if (mended && job_run_was_committed (run->job))
    {
      job_run_succeed_commit (run);
      return;
    }
  error = g_error_new (HIVE_ERROR, run->committed.kind == ENDING_UNKNOWN ? HIVE_ERROR_INTERRUPTED : HIVE_ERROR_FAILED,
                       "rbee-hive-commit ended unexpectedly (%s); what it began %s", how,
                       mended ? "is undone" : "is mended when the hive starts again");
  job_run_fail (run, error, false);
}

/* The commit program is gone and the log was read up to its end. */
static void
job_run_finish_commit (void *userdata)
{
  JobRun *run = userdata;
  int code = ending_status (&run->committed);
  g_autoptr (JsonObject) nothing = json_object_new ();
  g_autoptr (GError) error = NULL;

  log_writer_mend (run->log);
  if (code == 0)
    job_run_succeed_commit (run);
  else if (code == 1 && line_tail_error (run->tail))
    {
      error = g_error_copy (line_tail_error (run->tail));
      job_run_fail (run, error, true);
    }
  else
    committer_run (run->job->hive->committer, COMMIT_RECOVER, nothing, job_run_mended, run);
}

static void
job_run_committed (const Ending *ending, void *userdata)
{
  JobRun *run = userdata;

  run->committed_message = g_strdup (ending->message);
  run->committed = (Ending){ ending->kind, ending->number, run->committed_message };
  line_tail_drain (run->tail, job_run_finish_commit, run);
}

static void
job_run_commit (JobRun *run, CommitVerb verb, JsonObject *request)
{
  Job *job = run->job;

  json_object_set_string_member (request, "job", job->id);
  json_object_set_string_member (request, "worker_id", job->worker_id);
  run->replaced = registry_has (job->hive->registry, job->worker_id);
  line_tail_forget_error (run->tail);
  job_set_state (job, JOB_COMMITTING);
  job_run_save (run);
  committer_run_job (job->hive->committer, verb, request, job, run->log_fd, job_run_committed, run);
}

static void
job_run_commit_install (JobRun *run, JsonObject *record)
{
  g_autoptr (JsonObject) request = json_object_new ();

  json_object_set_string_member (request, "work", run->work);
  json_object_set_object_member (request, "record", json_object_ref (record));
  job_run_commit (run, COMMIT_INSTALL, request);
}

/* The builder and all it started are gone, and the log was read up to its end. */
static void
job_run_finish_build (void *userdata)
{
  JobRun *run = userdata;
  g_autoptr (JsonObject) record = NULL;
  g_autoptr (GError) error = NULL;
  bool written = false;

  log_writer_mend (run->log);
  if (run->job->cancelled)
    {
      run->outcome = JOB_CANCELLED;
      job_run_clean (run);
      return;
    }
  if (run->stopped)
    error = g_error_copy (run->stopped);
  else if (ending_status (&run->job->ending) != 0)
    error = build_failure (run->job, run->not_started, line_tail_error (run->tail), &written);
  else
    record = build_result_parse (run->job, line_tail_result (run->tail), &run->installed_already, &error);
  if (error)
    job_run_fail (run, error, written);
  else if (run->installed_already)
    job_run_succeed (run);
  else
    job_run_commit_install (run, record);
}

/* A builder that crashed may have left processes behind: the job goes on now that the last one is gone. */
static void
job_run_collected (void *userdata)
{
  JobRun *run = userdata;

  g_clear_pointer (&run->builder, child_free);
  line_tail_drain (run->tail, job_run_finish_build, run);
}

/* How it ended is noted before its unit goes away: nobody else remembers. */
static void
job_run_built (const Ending *ending, void *userdata)
{
  JobRun *run = userdata;
  Job *job = run->job;

  run->timer = sd_event_source_disable_unref (run->timer);
  if (run->dependencies) /* for a builder that was ended meanwhile */
    job_dependencies_cancel (run->dependencies);
  g_clear_pointer (&run->dependencies, job_dependencies_free);
  if (!job->built)
    {
      job->built = true;
      job->ending = (Ending){ .kind = ending->kind, .number = ending->number };
      run->not_started = g_strdup (ending->message);
      job_run_save (run);
    }
  child_collect (run->builder, job_run_collected, run);
}

static JsonObject *
job_run_request (JobRun *run, GError **error)
{
  Job *job = run->job;
  g_autoptr (JsonObject) request = json_object_new ();
  JsonObject *files = NULL;
  const WorkerRecord *installed = registry_get (job->hive->registry, job->worker_id, NULL);

  json_object_set_string_member (request, "job", job->id);
  json_object_set_string_member (request, "worker_id", job->worker_id);
  json_object_set_object_member (request, "options", install_options_to_json (job->options));
  json_object_set_string_member (request, "work", run->work);
  json_object_set_object_member (request, "remembered",
                                 catalog_cache_read_all (job->hive->configuration, job->worker_id,
                                                         job->options->backend, job->options->source));
  if (installed)
    {
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "version", installed->version ? installed->version : "");
      json_object_set_string_member (object, "recipe_sha256", installed->recipe_sha256 ? installed->recipe_sha256 : "");
      json_object_set_string_member (object, "backend", installed->backend ? installed->backend : "");
      json_object_set_object_member (request, "installed", object);
    }
  if (job->options->recipe && !(files = handed_recipe_load (job->hive->configuration, job->id, error)))
    return NULL;
  if (files)
    json_object_set_object_member (request, "files", files);
  return g_steal_pointer (&request);
}

static char *
job_run_unit (const Job *job)
{
  return g_strconcat ("rbee-job-", job->id, NULL);
}

static bool
job_run_start_builder (JobRun *run, GError **error)
{
  Job *job = run->job;
  Configuration *configuration = job->hive->configuration;
  g_autofree char *program = g_build_filename (configuration->libexec_directory, "rbee-hive-builder", NULL);
  char *arguments[] = { program, (char *)(configuration->path ? "--config" : NULL), configuration->path, NULL };
  g_autofree char *unit = job_run_unit (job);
  g_autofree char *description = g_strdup_printf ("Build of %s (job %s)", job->worker_id, job->id);
  g_autoptr (JsonObject) request = NULL;
  g_autofree char *text = NULL;
  g_auto (Fd) input = -1;

  run->work = configuration_cache_path (configuration, "work", job->id, NULL);
  request = job_run_request (run, error);
  if (!request)
    return false;
  text = json_to_text (request, false);
  input = file_memory ("request", text, -1, error);
  if (input < 0)
    return false;
  run->builder = launcher_start (job->hive->launcher,
                                 &(Launch){ .role = LAUNCH_BUILDER,
                                            .arguments = arguments,
                                            .description = description,
                                            .tokens = "*",
                                            .input = input,
                                            .output = run->log_fd,
                                            .dies_with_hive = true,
                                            .name = unit,
                                            .work = run->work,
                                            .job_id = job->id,
                                            .worker_id = job->worker_id },
                                 job_run_built, run, error);
  if (run->builder && job->options->recipe)
    handed_recipe_drop (configuration, job->id); /* the builder has it */
  return run->builder != NULL;
}

/* A run for @job. Without a log there is no life of a job: it fails at once, with signals only. */
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
job_run_install (Job *job)
{
  JobRun *run = job_run_begin (job);
  g_autoptr (GError) error = NULL;

  if (!run)
    return;
  job_set_boot (job);
  job_set_state (job, JOB_RUNNING);
  job_run_save (run);
  if (!job_run_start_builder (run, &error))
    job_run_fail (run, error, false);
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

static int
job_run_on_stubborn (sd_event_source *source, uint64_t usec, void *userdata)
{
  JobRun *run = userdata;

  run->timer = sd_event_source_disable_unref (run->timer);
  if (run->builder)
    child_signal (run->builder, SIGKILL, true);
  return 0;
}

static void
job_run_stop_builder (JobRun *run)
{
  child_signal (run->builder, SIGTERM, false);
  if (!run->timer)
    sd_event_add_time_relative (run->job->hive->event, &run->timer, CLOCK_MONOTONIC, STOP_TIMEOUT, 0,
                                job_run_on_stubborn, run);
}

/* What the builder missed is there, or it is not to be had. */
static void
job_run_have_dependencies (const GError *error, void *userdata)
{
  JobRun *run = userdata;

  g_clear_pointer (&run->dependencies, job_dependencies_free);
  if (!error && !run->job->cancelled)
    {
      child_signal (run->builder, SIGUSR1, false);
      return;
    }
  if (!run->job->cancelled && !run->stopped)
    run->stopped = g_error_copy (error);
  job_run_stop_builder (run);
}

/* The builder's last record, when its job is done; before that it may ask for something. */
static void
job_run_on_result (void *userdata)
{
  JobRun *run = userdata;
  g_autoptr (GError) error = NULL;

  if (!run->builder || run->job->built || run->job->cancelled || run->stopped || run->dependencies ||
      !job_dependencies_are_asked_for (line_tail_result (run->tail)))
    return;
  run->dependencies =
      job_dependencies_start (run->job, run->log, line_tail_result (run->tail), job_run_have_dependencies, run, &error);
  if (error)
    job_run_have_dependencies (error, run);
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

/* What it was doing goes on without the daemon, unless the machine was started anew. */
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
