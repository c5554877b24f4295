/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "capabilities.h"
#include "error.h"
#include "instances.h"
#include "job-run-private.h"
#include "json.h"
#include "model-record.h"
#include "models.h"
#include "registry.h"
#include "worker.h"

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

/* What a pull brought may have a name that its job did not know. */
static bool
job_run_has_model (const Job *job)
{
  const Configuration *configuration = job->hive->configuration;
  g_autofree char *folder = configuration_state_path (configuration, "model-records", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *file;

  while (dir && (file = g_dir_read_name (dir)))
    {
      g_autofree char *name = g_str_has_suffix (file, ".json") ? g_strndup (file, strlen (file) - 5) : g_strdup ("");
      g_autoptr (JsonObject) record = model_record_read (configuration, name);

      if (record && g_str_equal (json_get_string (record, "job", ""), job->id))
        return true;
    }
  return false;
}

bool
job_run_was_committed (Job *job)
{
  const WorkerRecord *record = registry_get (job->hive->registry, job->worker_id, NULL);

  if (job->state != JOB_COMMITTING || job->operation == JOB_PUSH)
    return false;
  if (job->model)
    return job_run_has_model (job);
  return job->operation == JOB_REMOVE ? !record : record && g_strcmp0 (record->job, job->id) == 0;
}

/* What was installed or removed is so for good. */
static void
job_run_succeed_commit (JobRun *run)
{
  Job *job = run->job;

  if (job->model || job->operation == JOB_PUSH)
    {
      if (job->model)
        models_announce_change (job->hive);
      job_run_succeed (run);
      return;
    }
  job_run_capabilities (run);
  if (job->operation == JOB_REMOVE)
    worker_announce_removed (job->hive, job->worker_id);
  else
    {
      worker_announce_installed (job->hive, job->worker_id, run->replaced);
      instances_announce_replaced (job->hive->instances, job->worker_id);
    }
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
  if (code == 0 && run->job->operation == JOB_PUSH && !store_folder (run->job->options->to))
    {
      line_tail_forget_error (run->tail);
      job_run_build (run);
    }
  else if (code == 0)
    job_run_succeed_commit (run);
  else if (code == 1 && line_tail_error (run->tail))
    {
      error = g_error_copy (line_tail_error (run->tail));
      job_run_fail (run, error, true);
    }
  else
    committer_run (run->job->hive->committer, COMMIT_RECOVER, nothing, job_run_mended, run);
}

void
job_run_committed (const Ending *ending, void *userdata)
{
  JobRun *run = userdata;

  run->committed_message = g_strdup (ending->message);
  run->committed = (Ending){ ending->kind, ending->number, run->committed_message };
  line_tail_drain (run->tail, job_run_finish_commit, run);
}

void
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

void
job_run_commit_install (JobRun *run, JsonObject *record)
{
  g_autoptr (JsonObject) request = json_object_new ();

  json_object_set_string_member (request, "work", run->work);
  json_object_set_object_member (request, "record", json_object_ref (record));
  job_run_commit (run, run->job->model ? COMMIT_MODEL : COMMIT_INSTALL, request);
}
