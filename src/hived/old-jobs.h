/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "job-index.h"

/* What the daemon noted at earlier starts of jobs that ended long ago, in one file of the state folder: so that the
 * next start need not read the record of each. A line is "NUMBER FINISHED_AT LOG_SIZE WORKER". The records are what
 * counts: without the file, or when it is damaged, all of them are read. */
typedef struct OldJobs OldJobs;

/* What is noted in @path; of a file that isn't there or is damaged: nothing. */
OldJobs *old_jobs_read (const char *path);
void old_jobs_free (OldJobs *old);

/* Adds the job of that number to @index, if it is noted. Numbers must come ascending. */
bool old_jobs_take (OldJobs *old, uint64_t number, JobIndex *index);

/* Notes the jobs of @index with lower numbers than @below that ended some minutes ago, unless they are what is noted
 * already. */
void old_jobs_write (const OldJobs *old, const char *path, JobIndex *index, uint64_t below);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OldJobs, old_jobs_free)
