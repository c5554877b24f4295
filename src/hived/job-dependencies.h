/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"
#include "log-writer.h"

/* The phase install-dependencies of a job that may install what its builder misses (option install-dependencies): the
 * builder names it in a `result` record and waits (see the builder's errand.h), and the packages that bring it are
 * installed meanwhile. Which packages those are says dependencies.conf, never the builder. */
typedef struct JobDependencies JobDependencies;

/* Called once, when the packages are there (@error is NULL) or cannot be had. They may be freed in it. */
typedef void (*JobDependenciesHandler) (const GError *error, void *userdata);

/* Whether the text of a `result` record asks for it. */
bool job_dependencies_are_asked_for (const char *result);

/* Begins, writing to @log (borrowed). NULL and MissingDependencies when @result names what no package brings here;
 * BuildFailed when the job may not do this, or @result is damaged; Failed. */
JobDependencies *job_dependencies_start (Job *job, LogWriter *log, const char *result, JobDependenciesHandler handler,
                                         void *userdata, GError **error);

/* Asks for an early end, of which the handler is told. */
void job_dependencies_cancel (JobDependencies *dependencies);

/* Forgets them; packages that are being installed are installed. */
void job_dependencies_free (JobDependencies *dependencies);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (JobDependencies, job_dependencies_free)
