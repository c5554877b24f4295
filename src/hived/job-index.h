/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* What is known of every job on disk without reading its record. */
typedef struct JobIndex JobIndex;

typedef struct
{
  uint64_t number;
  uint64_t finished_at; /* µs since the epoch; 0: it is active */
  uint64_t log_size;    /* of a finished one */
  char *worker_id;      /* "" where its record is damaged */
} JobEntry;

JobIndex *job_index_new (void);
void job_index_free (JobIndex *index);

/* An active job. It is owned by the index, which has no entry of that number yet. */
JobEntry *job_index_add (JobIndex *index, uint64_t number, const char *worker_id);

/* It ended; once that is said it stays so. */
void job_index_finish (JobIndex *index, JobEntry *entry, uint64_t finished_at, uint64_t log_size);

void job_index_remove (JobIndex *index, JobEntry *entry);

/* Each is borrowed until it is removed, and NULL when there is none: the job of that number; the newest, or (@before
 * is not 0) the newest of those with a lower number; the oldest of those with a higher number. */
JobEntry *job_index_find (JobIndex *index, uint64_t number);
JobEntry *job_index_newest (JobIndex *index, uint64_t before);
JobEntry *job_index_oldest (JobIndex *index, uint64_t after);

/* How many jobs have finished, and how large their logs are together. */
unsigned job_index_count_finished (const JobIndex *index, uint64_t *ret_log_size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (JobIndex, job_index_free)
