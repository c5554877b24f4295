/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gi18n.h>

#include "change-options.h"
#include "error.h"
#include "hive.h"
#include "instances.h"
#include "job-run.h"
#include "job-store.h"
#include "json.h"
#include "kept-version.h"
#include "model-record.h"
#include "registry.h"
#include "scheduler.h"
#include "worker-id.h"

static bool
hive_check_stopping (Hive *hive, GError **error)
{
  if (!hive->stop_timer)
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INTERRUPTED, "The hive is being stopped; ask again when it runs");
  return false;
}

/* One user's jobs are not to fill the queue of all. */
static bool
hive_check_share (Hive *hive, uid_t owner, GError **error)
{
  GPtrArray *jobs = job_store_jobs (hive->jobs);
  unsigned max = hive->configuration->max_queued_per_user;
  unsigned count = 0;

  for (guint i = 0; i < jobs->len; i++)
    if (((Job *)jobs->pdata[i])->owner == owner && job_is_active (jobs->pdata[i]))
      count++;
  if (count < max)
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
               N_ ("User %u has %u jobs under way already (MaxQueuedPerUser=%u in hive.conf); ask again when some have "
                   "ended, or cancel one"),
               (unsigned)owner, count, max);
  return false;
}

static void
hive_set_busy (GError **error, const Job *job)
{
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_BUSY, N_ ("%s has job %s (%s, %s) already; wait for it or cancel it"),
               job->worker_id, job->id, job_operation_name (job->operation), job_state_name (job->state));
}

bool
hive_check_stays (Hive *hive, const char *worker_id, GError **error)
{
  const Job *job = job_store_find_active (hive->jobs, JOB_REMOVE, worker_id);

  if (!job || job->operation != JOB_REMOVE)
    return true;
  hive_set_busy (error, job);
  return false;
}

/* The install under way for an equal request; NULL where a new one may begin. */
static bool
hive_find_install (Hive *hive, const char *worker_id, const InstallOptions *options, Job **ret_job, GError **error)
{
  Job *job = job_store_find_active (hive->jobs, JOB_INSTALL, worker_id);

  *ret_job = job;
  if (!job)
    return scheduler_has_room (hive->scheduler, error);
  if (job->operation == JOB_INSTALL && install_options_equal (job->options, options))
    return true;
  hive_set_busy (error, job);
  return false;
}

bool
hive_check_install (Hive *hive, const char *worker_id, const InstallOptions *options, GError **error)
{
  Job *job;

  return worker_id_check (worker_id, error) && hive_check_stopping (hive, error) &&
         (!options->catalog || configuration_catalog (hive->configuration, options->catalog, error)) &&
         (options->idempotency_key || hive_find_install (hive, worker_id, options, &job, error));
}

/* What a removal and a rollback have in common: the worker is installed, and has no other job. */
static bool
hive_check_installed (Hive *hive, JobOperation operation, const char *worker_id, Job **ret_job, GError **error)
{
  *ret_job = NULL;
  *ret_job = job_store_find_active (hive->jobs, operation, worker_id);
  if (*ret_job && (*ret_job)->operation != operation)
    {
      hive_set_busy (error, *ret_job);
      return false;
    }
  if (*ret_job || registry_has (hive->registry, worker_id))
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_NOT_INSTALLED, N_ ("%s is not installed"), worker_id);
  return false;
}

bool
hive_check_remove (Hive *hive, const char *worker_id, const char *key, GError **error)
{
  Job *job;

  return worker_id_check (worker_id, error) && hive_check_stopping (hive, error) &&
         (key || (instances_check_unused (hive->instances, worker_id, error) &&
                  hive_check_installed (hive, JOB_REMOVE, worker_id, &job, error)));
}

bool
hive_check_rollback (Hive *hive, const char *worker_id, const char *key, GError **error)
{
  g_autofree char *version = NULL;
  Job *job;

  if (!worker_id_check (worker_id, error) || !hive_check_stopping (hive, error))
    return false;
  if (key)
    return true;
  if (!hive_check_installed (hive, JOB_ROLLBACK, worker_id, &job, error))
    return false;
  version = job ? NULL : kept_version_newest (hive->configuration, worker_id);
  return job || *version || kept_version_set_none (worker_id, error);
}

static Job *
hive_begin_install (Hive *hive, const char *worker_id, const InstallOptions *options, const HandedRecipe *recipe,
                    uid_t owner, GError **error)
{
  Job *job;

  if (!hive_check_install (hive, worker_id, options, error))
    return NULL;
  if ((job = job_store_find_key (hive->jobs, JOB_INSTALL, worker_id, owner, options->idempotency_key)))
    return job;
  if (!hive_find_install (hive, worker_id, options, &job, error))
    return NULL;
  if (job)
    return job;
  if (!hive_check_share (hive, owner, error))
    return NULL;
  job = job_store_create (hive->jobs, JOB_INSTALL, worker_id, options, options->idempotency_key, owner, error);
  if (!job)
    return NULL;
  if (recipe && !handed_recipe_keep (recipe, hive->configuration, job->id, error))
    {
      job_store_forget (hive->jobs, job->number, NULL);
      return NULL;
    }
  scheduler_add (hive->scheduler, job);
  return job;
}

Job *
hive_install (Hive *hive, const char *worker_id, const InstallOptions *options, uid_t owner, GError **error)
{
  return hive_begin_install (hive, worker_id, options, NULL, owner, error);
}

Job *
hive_install_recipe (Hive *hive, const char *worker_id, const InstallOptions *options, const HandedRecipe *recipe,
                     uid_t owner, GError **error)
{
  return hive_begin_install (hive, worker_id, options, recipe, owner, error);
}

/* The job under way, or a new one that @begins at once. */
static Job *
hive_change (Hive *hive, JobOperation operation, void (*begin) (Job *job), const char *worker_id, const char *key,
             uid_t owner, GError **error)
{
  Job *job = job_store_find_active (hive->jobs, operation, worker_id);

  if (job)
    return job;
  if (!hive_check_share (hive, owner, error))
    return NULL;
  job = job_store_create (hive->jobs, operation, worker_id, NULL, key, owner, error);
  if (job)
    begin (job);
  return job;
}

Job *
hive_remove (Hive *hive, const char *worker_id, const char *key, uid_t owner, GError **error)
{
  Job *job = job_store_find_key (hive->jobs, JOB_REMOVE, worker_id, owner, key);

  if (job || !hive_check_remove (hive, worker_id, NULL, error))
    return job;
  return hive_change (hive, JOB_REMOVE, job_run_remove, worker_id, key, owner, error);
}

Job *
hive_rollback (Hive *hive, const char *worker_id, const char *key, uid_t owner, GError **error)
{
  Job *job = job_store_find_key (hive->jobs, JOB_ROLLBACK, worker_id, owner, key);

  if (job || !hive_check_rollback (hive, worker_id, NULL, error))
    return job;
  return hive_change (hive, JOB_ROLLBACK, job_run_rollback, worker_id, key, owner, error);
}

bool
hive_check_model (Hive *hive, JobOperation operation, const char *name, const char *key, GError **error)
{
  Job *job;

  if (!model_name_check (name, error) || !hive_check_stopping (hive, error) || !change_options_check (-1, key, error))
    return false;
  job = job_store_find_active (hive->jobs, operation, name);
  if (!job || key || (job->operation == operation && operation == JOB_PULL))
    return true;
  hive_set_busy (error, job);
  return false;
}

Job *
hive_bring_model (Hive *hive, JobOperation operation, const char *name, JsonObject *model, int input, const char *key,
                  uid_t owner, GError **error)
{
  Job *job = job_store_find_key (hive->jobs, operation, name, owner, key);

  if (job)
    return job;
  job = job_store_find_active (hive->jobs, operation, name);
  if (job && operation == JOB_PULL && job->operation == operation &&
      g_strcmp0 (json_get_string (job->model, "reference", ""), json_get_string (model, "reference", "")) == 0)
    return job;
  if (job)
    {
      hive_set_busy (error, job);
      return NULL;
    }
  if (!scheduler_has_room (hive->scheduler, error) || !hive_check_share (hive, owner, error))
    return NULL;
  job = job_store_create (hive->jobs, operation, name, NULL, key, owner, error);
  if (!job)
    return NULL;
  job->model = json_object_ref (model);
  job->input = input < 0 ? -1 : fcntl (input, F_DUPFD_CLOEXEC, 3);
  if (!job_store_save (hive->jobs, job, error))
    {
      job_store_forget (hive->jobs, job->number, NULL);
      return NULL;
    }
  scheduler_add (hive->scheduler, job);
  return job;
}

bool
hive_check_push (Hive *hive, const char *worker_id, GError **error)
{
  Job *job;

  return worker_id_check (worker_id, error) && hive_check_stopping (hive, error) &&
         hive_check_installed (hive, JOB_PUSH, worker_id, &job, error);
}

Job *
hive_push (Hive *hive, const char *worker_id, const char *url, uid_t owner, GError **error)
{
  Job *job = job_store_find_active (hive->jobs, JOB_PUSH, worker_id);
  g_autoptr (InstallOptions) options = install_options_new ();

  if (!hive_check_push (hive, worker_id, error))
    return NULL;
  if (job && job->operation == JOB_PUSH && g_strcmp0 (job->options->to, url) == 0)
    return job;
  if (job)
    {
      hive_set_busy (error, job);
      return NULL;
    }
  options->to = g_strdup (url);
  if (!hive_check_share (hive, owner, error))
    return NULL;
  job = job_store_create (hive->jobs, JOB_PUSH, worker_id, options, NULL, owner, error);
  if (job)
    job_run_push (job);
  return job;
}
