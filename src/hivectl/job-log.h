/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "client.h"
#include "log-record.h"

/* A job's log, from its beginning: the file itself where the bus can hand it over, else what ReadLog says. */
typedef struct JobLog JobLog;

typedef enum
{
  JOB_LOG_MORE,        /* read again at once */
  JOB_LOG_NOTHING_NEW, /* until more is written */
  JOB_LOG_ENDED,
  JOB_LOG_FAILED,
} JobLogState;

typedef void (*JobLogHandler) (const LogRecord *record, void *userdata);

/* @path: of the job. */
JobLog *job_log_open (Client *client, const char *path, GError **error);
void job_log_free (JobLog *log);

/* Hands some records to @handler. */
JobLogState job_log_read (JobLog *log, JobLogHandler handler, void *userdata, GError **error);

/* The file, to be watched; -1 when there is none and the log must be asked again. */
int job_log_fd (const JobLog *log);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (JobLog, job_log_free)
