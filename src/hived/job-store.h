/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"

/* Jobs on disk (jobs/<id>/job.json and log, next-job) and those of them that are objects: the active ones, the newest
 * 200, and a few older ones that somebody asked for. */

/* Makes the folders and loads what is there. Records that are damaged are passed over with a warning. */
JobStore *job_store_new (Hive *hive, GError **error);
void job_store_free (JobStore *store);

/* A new queued job with its folder, record and empty log. @options may be NULL; copied. Failed or NoSpace, and nothing
 * is left. */
Job *job_store_create (JobStore *store, JobOperation operation, const char *worker_id, const InstallOptions *options,
                       uid_t owner, GError **error);

/* Writes job.json. While any job is active there is also a file `unfinished`, for which rbee-hived.path starts the
 * daemon. */
bool job_store_save (JobStore *store, const Job *job, GError **error);

/* Opens a job's log. A descriptor or a negative errno. */
int job_store_open_log (JobStore *store, const Job *job, int flags);

/* The job that is an object, or NULL. */
Job *job_store_find (JobStore *store, const char *id);

/* The same, bringing it back from disk. JobNotFound. */
Job *job_store_revive (JobStore *store, const char *id, GError **error);

/* The active job of a worker, or NULL. */
Job *job_store_find_active (JobStore *store, const char *worker_id);

/* The install that @owner asked for with that key, or NULL. */
Job *job_store_find_key (JobStore *store, const char *worker_id, uid_t owner, const char *key);

/* All that are objects, by ascending number. Borrowed. */
GPtrArray *job_store_jobs (JobStore *store);

/* Calls @handler with every job that is on disk, by ascending number, until it returns a negative errno, which is
 * returned. */
typedef int (*JobHandler) (Job *job, void *userdata);
int job_store_foreach (JobStore *store, JobHandler handler, void *userdata);

/* Takes finished jobs beyond the newest 200 from the bus. */
void job_store_trim (JobStore *store);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (JobStore, job_store_free)
