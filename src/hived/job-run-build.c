/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "build-failure.h"
#include "build-result.h"
#include "catalog-cache.h"
#include "error.h"
#include "file.h"
#include "job-run-private.h"
#include "json.h"
#include "model-result.h"
#include "registry.h"

#define STOP_TIMEOUT (10 * G_USEC_PER_SEC) /* between SIGTERM and SIGKILL */

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
  else if (run->job->operation == JOB_PUSH)
    ; /* it is where it should be */
  else if (run->job->model)
    record = model_result_parse (run->job, line_tail_result (run->tail), &error);
  else
    record = build_result_parse (run->job, line_tail_result (run->tail), &run->installed_already, &error);
  if (record)
    job_set_name (run->job, json_get_string (record, "name", NULL));
  if (error)
    job_run_fail (run, error, written);
  else if (run->installed_already || run->job->operation == JOB_PUSH)
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
void
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

/* What was packed and signed is put into a registry. */
static JsonObject *
job_run_describe_push (const Job *job, const WorkerRecord *installed)
{
  JsonObject *push = json_object_new ();

  json_object_set_string_member (push, "url", job->options->to);
  if (installed && installed->build)
    json_object_set_string_member (push, "key", json_get_string (installed->build, "key", ""));
  return push;
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
  json_object_set_string_member (request, "work", run->work);
  if (job->operation == JOB_PUSH)
    {
      json_object_set_object_member (request, "push", job_run_describe_push (job, installed));
      return g_steal_pointer (&request);
    }
  if (job->model)
    {
      json_object_set_object_member (request, "model", json_object_ref (job->model));
      return g_steal_pointer (&request);
    }
  json_object_set_object_member (request, "options", install_options_to_json (job->options));
  json_object_set_object_member (request, "remembered",
                                 catalog_cache_read_all (job->hive->configuration, job->worker_id,
                                                         job->options->backend, job->options->source));
  if (installed)
    {
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "version", installed->version ? installed->version : "");
      json_object_set_string_member (object, "recipe_sha256", installed->recipe_sha256 ? installed->recipe_sha256 : "");
      json_object_set_string_member (object, "backend", installed->backend ? installed->backend : "");
      json_object_set_string_member (object, "cpu", installed->cpu ? installed->cpu : "");
      json_object_set_object_member (request, "installed", object);
    }
  if (job->options->recipe && !(files = handed_recipe_load (job->hive->configuration, job->id, error)))
    return NULL;
  if (files)
    json_object_set_object_member (request, "files", files);
  return g_steal_pointer (&request);
}

char *
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
  char *arguments[6] = { program };
  unsigned count = 1;
  g_autofree char *unit = job_run_unit (job);
  g_autofree char *description = g_strdup_printf ("%s %s (job %s)",
                                                  job->model                 ? "Model" :
                                                  job->operation == JOB_PUSH ? "Push of" :
                                                                               "Build of",
                                                  job->worker_id, job->id);
  g_autoptr (JsonObject) request = NULL;
  g_autofree char *text = NULL;
  g_auto (Fd) input = -1;

  if (!run->work)
    run->work = configuration_cache_path (configuration, "work", job->id, NULL);
  request = job_run_request (run, error);
  if (!request)
    return false;
  text = json_to_text (request, false);
  if (configuration->path)
    {
      arguments[count++] = (char *)"--config";
      arguments[count++] = configuration->path;
    }
  if (job->operation == JOB_IMPORT)
    {
      arguments[count++] = (char *)"--import";
      arguments[count++] = text;
      input = fd_steal (&job->input);
    }
  else
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
                                            .work = job->operation == JOB_PUSH ? NULL : run->work,
                                            .seen = job->operation == JOB_PUSH ? run->work :
                                                    job->options               ? job->options->from :
                                                                                 NULL,
                                            .job_id = job->id,
                                            .worker_id = job->worker_id },
                                 job_run_built, run, error);
  if (run->builder && job->options && job->options->recipe)
    handed_recipe_drop (configuration, job->id); /* the builder has it */
  return run->builder != NULL;
}

void
job_run_build (JobRun *run)
{
  g_autoptr (GError) error = NULL;

  job_set_boot (run->job);
  job_set_state (run->job, JOB_RUNNING);
  job_run_save (run);
  if (!job_run_start_builder (run, &error))
    job_run_fail (run, error, false);
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

void
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

void
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
