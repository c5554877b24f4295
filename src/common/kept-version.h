/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"
#include "worker-record.h"

/* What is in StateDirectory/kept/<worker>: the versions that newer ones replaced, each in a directory that is named for
 * the job which installed it. rbee-hive-commit writes them; it and the daemon read. */

/* Their jobs, the newest first, never NULL. Free with g_strfreev. */
char **kept_version_jobs (const Configuration *configuration, const char *worker_id);

/* The record of one. Failed when it is damaged or gone. */
WorkerRecord *kept_version_read (const Configuration *configuration, const char *worker_id, const char *job,
                                 GError **error);

/* The version that a rollback of @worker_id goes to, "" for none. Free with g_free. */
char *kept_version_newest (const Configuration *configuration, const char *worker_id);

/* NotInstalled: no version is kept. Returns false. */
bool kept_version_set_none (const char *worker_id, GError **error);
