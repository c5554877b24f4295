/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "committer.h"
#include "job-dependencies.h"
#include "job-run.h"
#include "launcher.h"
#include "line-signals.h"
#include "log-writer.h"

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

/* job-run-build.c: from the builder's start until it is known what it made. */

/* Starts it; job_run_built() is told when it has exited. Where that does not work the job fails. */
void job_run_build (JobRun *run);
void job_run_built (const Ending *ending, void *userdata);

/* The name of its unit. Free with g_free(). */
char *job_run_unit (const Job *job);

/* SIGTERM, and after a while SIGKILL to all that is left. */
void job_run_stop_builder (JobRun *run);

/* The builder's last record, when its job is done; before that it may ask for something. */
void job_run_on_result (void *userdata);

/* job-run-commit.c: what changes installed files, or sends them. */

/* Starts @verb with @request; job_run_committed() is told when it has exited. */
void job_run_commit (JobRun *run, CommitVerb verb, JsonObject *request);
void job_run_commit_install (JobRun *run, JsonObject *record);
void job_run_committed (const Ending *ending, void *userdata);

/* The transaction is durable by itself: did it happen? */
bool job_run_was_committed (Job *job);

/* job-run-end.c: the end, which comes once whatever happened. */

void job_run_succeed (JobRun *run);

/* Ends as failed. @error is ours, or what a program wrote into the log itself (@written). */
void job_run_fail (JobRun *run, const GError *error, bool written);

/* Removes the work tree and ends with run->outcome. */
void job_run_clean (JobRun *run);

/* job.json, the last signal, and the run is freed; a callback of line_tail_drain(). */
void job_run_finished (void *userdata);

void job_run_save (JobRun *run);
