/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"

/* Sends this process's messages to the journal where standard error leads there, with their fields. */
void journal_open (void);

/* What an administrator finds in the journal: one line when a job is asked for and one when it has ended, with the
 * fields RBEE_JOB=, RBEE_WORKER=, RBEE_OWNER= and a message id that data/rbee-hive.catalog explains (journalctl -x). */
void journal_job_asked (const Job *job);
void journal_job_ended (const Job *job);
