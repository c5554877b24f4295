/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"

/* Exit statuses of a builder that runs a job: the contract with the daemon. */
enum
{
  JOB_EXIT_READY = 0,     /* the log's last `result` says what is ready to be installed (or is already) */
  JOB_EXIT_FAILED = 1,    /* the log's last `error` says why */
  JOB_EXIT_CANCELLED = 3, /* by SIGTERM */
  JOB_EXIT_NO_SPACE = 4,  /* the log has no room for either */
};

/* Runs all phases for @request, writing to @log. Returns an exit status; nothing that it started is left. */
int pipeline_run (const Configuration *configuration, const JobRequest *request, LogWriter *log);

/* Runs the phases from @first to @last. One that finds the worker installed already says so in @builder and is the
 * last. */
bool pipeline_run_phases (Builder *builder, const char *first, const char *last, GError **error);

/* Writes why it failed to the log, unless it was cancelled, and returns the exit status. */
int pipeline_fail (const Builder *builder, const GError *failure);

void pipeline_clear (Builder *builder);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Builder, pipeline_clear)
