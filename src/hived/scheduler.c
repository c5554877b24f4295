/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scheduler.h"

#include "error.h"
#include "job.h"

struct Scheduler
{
  Hive *hive;
  SchedulerStart start;
  GQueue waiting;      /* of Job, borrowed */
  GHashTable *running; /* of Job, borrowed */
  bool open;
};

Scheduler *
scheduler_new (Hive *hive, SchedulerStart start)
{
  Scheduler *scheduler = g_new0 (Scheduler, 1);

  scheduler->hive = hive;
  scheduler->start = start;
  g_queue_init (&scheduler->waiting);
  scheduler->running = g_hash_table_new (NULL, NULL);
  return scheduler;
}

void
scheduler_free (Scheduler *scheduler)
{
  if (!scheduler)
    return;
  g_queue_clear (&scheduler->waiting);
  g_hash_table_unref (scheduler->running);
  g_free (scheduler);
}

static bool
scheduler_has_slot (const Scheduler *scheduler)
{
  return scheduler->open && g_hash_table_size (scheduler->running) < scheduler->hive->configuration->max_parallel;
}

bool
scheduler_has_room (Scheduler *scheduler, GError **error)
{
  const Configuration *configuration = scheduler->hive->configuration;

  /* Until recovery has ended none runs, and those that will run at once only seem to wait. */
  if (g_queue_get_length (&scheduler->waiting) + g_hash_table_size (scheduler->running) <
      configuration->max_queued + configuration->max_parallel)
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
               "%u jobs wait already (MaxQueued= in hive.conf); ask again when some have ended",
               g_queue_get_length (&scheduler->waiting));
  return false;
}

static void
scheduler_start_next (Scheduler *scheduler)
{
  while (scheduler_has_slot (scheduler) && !g_queue_is_empty (&scheduler->waiting))
    {
      Job *job = g_queue_pop_head (&scheduler->waiting);

      g_hash_table_add (scheduler->running, job);
      scheduler->start (job);
    }
  scheduler->hive->observer->changed (scheduler->hive);
}

void
scheduler_add (Scheduler *scheduler, Job *job)
{
  g_queue_push_tail (&scheduler->waiting, job);
  scheduler_start_next (scheduler);
}

static int
scheduler_compare (gconstpointer one, gconstpointer other, gpointer userdata)
{
  uint64_t a = ((const Job *)one)->number, b = ((const Job *)other)->number;

  return a < b ? -1 : a > b;
}

void
scheduler_add_old (Scheduler *scheduler, Job *job)
{
  g_queue_insert_sorted (&scheduler->waiting, job, scheduler_compare, NULL);
}

void
scheduler_remove (Scheduler *scheduler, Job *job)
{
  g_queue_remove (&scheduler->waiting, job);
  scheduler->hive->observer->changed (scheduler->hive);
}

void
scheduler_release (Scheduler *scheduler, Job *job)
{
  if (g_hash_table_remove (scheduler->running, job))
    scheduler_start_next (scheduler);
}

void
scheduler_set_open (Scheduler *scheduler, bool open)
{
  scheduler->open = open;
  scheduler_start_next (scheduler);
}
