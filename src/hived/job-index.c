/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-index.h"

struct JobIndex
{
  GTree *entries;    /* of JobEntry, by number */
  unsigned finished; /* how many of them are, and how large their logs are */
  uint64_t finished_size;
};

static void
job_entry_free (JobEntry *entry)
{
  g_ref_string_release (entry->worker_id);
  g_free (entry);
}

static int
job_entry_compare (const void *one, const void *other, void *userdata)
{
  uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

  return a < b ? -1 : a > b;
}

JobIndex *
job_index_new (void)
{
  JobIndex *index = g_new0 (JobIndex, 1);

  index->entries = g_tree_new_full (job_entry_compare, NULL, NULL, (GDestroyNotify)job_entry_free);
  return index;
}

void
job_index_free (JobIndex *index)
{
  if (!index)
    return;
  g_tree_unref (index->entries);
  g_free (index);
}

JobEntry *
job_index_add (JobIndex *index, uint64_t number, const char *worker_id)
{
  JobEntry *entry = g_new0 (JobEntry, 1);

  entry->number = number;
  entry->worker_id = g_ref_string_new_intern (worker_id);
  g_tree_insert (index->entries, &entry->number, entry);
  return entry;
}

void
job_index_finish (JobIndex *index, JobEntry *entry, uint64_t finished_at, uint64_t log_size)
{
  if (entry->finished_at > 0)
    return;
  /* One that ended when the clock was ahead would never grow old. */
  entry->finished_at = CLAMP (finished_at, 1, (uint64_t)g_get_real_time ());
  entry->log_size = log_size;
  index->finished++;
  index->finished_size += log_size;
}

void
job_index_remove (JobIndex *index, JobEntry *entry)
{
  if (entry->finished_at > 0)
    {
      index->finished--;
      index->finished_size -= entry->log_size;
    }
  g_tree_remove (index->entries, &entry->number);
}

JobEntry *
job_index_find (JobIndex *index, uint64_t number)
{
  return g_tree_lookup (index->entries, &number);
}

JobEntry *
job_index_newest (JobIndex *index, uint64_t before)
{
  GTreeNode *node = before == 0 ? NULL : g_tree_lower_bound (index->entries, &before);

  node = node ? g_tree_node_previous (node) : g_tree_node_last (index->entries);
  return node ? g_tree_node_value (node) : NULL;
}

JobEntry *
job_index_oldest (JobIndex *index, uint64_t after)
{
  GTreeNode *node = g_tree_upper_bound (index->entries, &after);

  return node ? g_tree_node_value (node) : NULL;
}

unsigned
job_index_count_finished (const JobIndex *index, uint64_t *ret_log_size)
{
  *ret_log_size = index->finished_size;
  return index->finished;
}
