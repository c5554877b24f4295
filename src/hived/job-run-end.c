/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "error.h"
#include "job-run-private.h"
#include "job-store.h"

void
job_run_save (JobRun *run)
{
  g_autoptr (GError) error = NULL;

  if (!job_store_save (run->job->hive->jobs, run->job, &error))
    g_warning ("Job %s: %s", run->job->id, error->message);
}

void
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
void
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
  if (run->job->operation == JOB_PUSH)
    return "❌ Push failed";
  if (run->job->operation == JOB_ROLLBACK)
    return "❌ Rollback failed";
  if (run->job->model)
    return "❌ The model is not there";
  return error->code == HIVE_ERROR_BUILD_FAILED ? "❌ Build failed" : "❌ Installation failed";
}

void
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

void
job_run_succeed (JobRun *run)
{
  static const char *const notes[] = {
    [JOB_INSTALL] = "🧹 Cleaning up temp files...",
    [JOB_REMOVE] = "✅ Worker removal complete!",
    [JOB_ROLLBACK] = "✅ Worker rollback complete!",
    [JOB_PULL] = "✅ The model is there",
    [JOB_IMPORT] = "✅ The model is there",
    [JOB_PUSH] = "✅ Worker push complete!",
  };

  run->outcome = JOB_DONE;
  log_writer_note (run->log, "cleanup", "%s", notes[run->job->operation]);
  job_run_clean (run);
}
