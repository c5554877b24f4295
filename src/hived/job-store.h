/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-index.h"
#include "job.h"

/* Jobs on disk (jobs/<id>/job.json and log, next-job, old-jobs) and those of them that are objects: the active ones,
 * the newest 200, and a few older ones that somebody asked for. */

/* Makes the folders and loads what is there. Records that are damaged are passed over with a warning. */
JobStore *job_store_new (Hive *hive, GError **error);
void job_store_free (JobStore *store);

/* A new queued job with its folder, record and empty log. @options and @key may be NULL; copied. Failed or NoSpace, and
 * nothing is left. */
Job *job_store_create (JobStore *store, JobOperation operation, const char *worker_id, const InstallOptions *options,
                       const char *key, uid_t owner, GError **error);

/* Writes job.json. While any job is active there is also a file `unfinished`, for which rbee-hived.path starts the
 * daemon. */
bool job_store_save (JobStore *store, const Job *job, GError **error);

/* Opens a job's log. A descriptor or a negative errno. */
int job_store_open_log (JobStore *store, const Job *job, int flags);

/* The job that is an object, or NULL. */
Job *job_store_find (JobStore *store, const char *id);
Job *job_store_find_number (JobStore *store, uint64_t number);

/* Reads a job that is on disk; it becomes no object. Failed when its record is damaged. */
Job *job_store_load (JobStore *store, uint64_t number, GError **error);

/* The job as an object, brought back from disk if need be. JobNotFound; Failed when its record is damaged. */
Job *job_store_revive (JobStore *store, const char *id, GError **error);

/* The active job of the worker @name, or of the model where @operation is one on models; NULL: it has none. */
Job *job_store_find_active (JobStore *store, JobOperation operation, const char *name);

/* What @owner asked for with that key, or NULL; a @key of NULL is none. */
Job *job_store_find_key (JobStore *store, JobOperation operation, const char *worker_id, uid_t owner, const char *key);

/* All that are objects, by ascending number. Borrowed. */
GPtrArray *job_store_jobs (JobStore *store);

/* All that are on disk. Borrowed; the store alone changes it. */
JobIndex *job_store_index (JobStore *store);

/* Removes a finished job: from the bus, from memory, and from disk; who has its log open reads on. On failure (Failed)
 * some of it stays on disk until the next start. */
bool job_store_forget (JobStore *store, uint64_t number, GError **error);

/* Takes finished jobs beyond the newest 200 from the bus. */
void job_store_trim (JobStore *store);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (JobStore, job_store_free)
