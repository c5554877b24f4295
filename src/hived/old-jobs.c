/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "old-jobs.h"

#include <string.h>

#include "file.h"
#include "worker-id.h"

#define FILE_MAX (64 * 1024 * 1024)
#define ID_MAX   100
#define MINUTE   (60 * (uint64_t)G_USEC_PER_SEC)
/* A record is not synced. What this file says must not outlive a power cut that the record did not: by then the kernel
 * has written it. */
#define SETTLED (5 * MINUTE)

struct OldJobs
{
  char *text;
  const char *next; /* the first line that was not looked at */
  unsigned taken, passed;
};

typedef struct
{
  uint64_t number, finished_at, log_size;
  char worker_id[ID_MAX + 2]; /* one more than it may have */
  const char *end;            /* where the next line begins */
} OldJob;

static bool
read_number (const char **text, uint64_t *ret_number)
{
  char *end;

  if (!g_ascii_isdigit (**text))
    return false;
  *ret_number = g_ascii_strtoull (*text, &end, 10);
  *text = end + 1;
  return *end == ' ';
}

/* False for the end, and for what is none of these lines. */
static bool
old_job_read (const char *line, OldJob *ret_job)
{
  const char *at = line, *end = strchr (line, '\n');

  if (!end || !read_number (&at, &ret_job->number) || !read_number (&at, &ret_job->finished_at) ||
      !read_number (&at, &ret_job->log_size) || at >= end || ret_job->finished_at == 0)
    return false;
  memcpy (ret_job->worker_id, at, MIN ((size_t)(end - at), ID_MAX + 1));
  ret_job->worker_id[MIN (end - at, ID_MAX + 1)] = '\0';
  ret_job->end = end + 1;
  return worker_id_is_valid (ret_job->worker_id);
}

OldJobs *
old_jobs_read (const char *path)
{
  OldJobs *old = g_new0 (OldJobs, 1);

  old->text = file_read (path, FILE_MAX, NULL, NULL);
  if (!old->text)
    old->text = g_strdup ("");
  old->next = old->text;
  return old;
}

void
old_jobs_free (OldJobs *old)
{
  if (!old)
    return;
  g_free (old->text);
  g_free (old);
}

bool
old_jobs_take (OldJobs *old, uint64_t number, JobIndex *index)
{
  OldJob job;

  while (old_job_read (old->next, &job) && job.number <= number)
    {
      old->next = job.end;
      if (job.number < number)
        {
          old->passed++;
          continue;
        }
      job_index_finish (index, job_index_add (index, number, job.worker_id), job.finished_at, job.log_size);
      old->taken++;
      return true;
    }
  return false;
}

/* The oldest after the job of that number that is to be noted. */
static const JobEntry *
old_jobs_next (JobIndex *index, uint64_t after, uint64_t below)
{
  uint64_t now = (uint64_t)g_get_real_time ();
  const JobEntry *entry = job_index_oldest (index, after);

  while (entry && entry->number < below &&
         (!*entry->worker_id || entry->finished_at == 0 || entry->finished_at + SETTLED >= now))
    entry = job_index_oldest (index, entry->number);
  return entry && entry->number < below ? entry : NULL;
}

void
old_jobs_write (const OldJobs *old, const char *path, JobIndex *index, uint64_t below)
{
  g_autoptr (GString) text = NULL;
  const JobEntry *entry;
  unsigned count = 0;

  for (entry = NULL; (entry = old_jobs_next (index, entry ? entry->number : 0, below));)
    count++;
  if (count == old->taken && old->passed == 0 && !*old->next)
    return;
  text = g_string_new (NULL);
  while ((entry = old_jobs_next (index, entry ? entry->number : 0, below)))
    g_string_append_printf (text, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %s\n",
                            entry->number, entry->finished_at, entry->log_size, entry->worker_id);
  file_replace (path, text->str, (ssize_t)text->len, false, NULL);
}
