/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"

/* The life of an active job, from its first process to its last signal. Each function below starts or bends that life
 * and returns at once; at its end JobObserver.ended is called and the run is gone. */

/* Builds and installs a queued install, or fetches or copies a model. */
void job_run_start (Job *job);

/* Removes the worker of a new removal. */
void job_run_remove (Job *job);

/* Puts the version before back, for a new rollback. */
void job_run_rollback (Job *job);

/* Puts the worker into the store of the job's options. */
void job_run_push (Job *job);

/* Ends a job on its owner's wish. NotCancellable when it has ended, or its files are being changed right now. */
bool job_run_cancel (Job *job, GError **error);

/* Ends a job that builds because of @why ("The hive was stopped"); one that commits goes on, a queued one stays queued.
 */
void job_run_interrupt (Job *job, const char *why);

/* Goes on with a job that an earlier run of the daemon left running or committing, or ends it where it did not outlive
 * that. */
void job_run_recover (Job *job);

void job_run_free (JobRun *run);
