/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "history.h"

#include <malloc.h>

#include "job-store.h"

#define PIECE (5 * 1000) /* µs at a time; a large file takes about as long to remove */
#define DAY   (24 * 60 * 60 * (uint64_t)G_USEC_PER_SEC)

struct History
{
  Hive *hive;
  sd_event_source *piece;
  sd_event_source *daily;
  unsigned failures; /* since it began to look */
};

/* The oldest that has ended for good. */
static const JobEntry *
history_oldest (const History *history)
{
  JobStore *jobs = history->hive->jobs;
  const JobEntry *entry = NULL;

  while ((entry = job_index_oldest (job_store_index (jobs), entry ? entry->number : 0)))
    {
      const Job *job = entry->finished_at > 0 ? job_store_find_number (jobs, entry->number) : NULL;

      if (entry->finished_at > 0 && !(job && job->run))
        return entry;
    }
  return NULL;
}

/* Whether that one has to go. */
static bool
history_is_over (const History *history, const JobEntry *oldest)
{
  const Configuration *configuration = history->hive->configuration;
  uint64_t now = (uint64_t)g_get_real_time ();
  uint64_t age = configuration->history_max_age * DAY;
  uint64_t size;
  unsigned count = job_index_count_finished (job_store_index (history->hive->jobs), &size);

  return count > 1 && (count > configuration->history_max_jobs || size > configuration->history_max_size ||
                       (age > 0 && oldest->finished_at + age < now));
}

/* False when nothing is left to do. */
static bool
history_prune (History *history)
{
  const JobEntry *oldest = history_oldest (history);
  g_autoptr (GError) error = NULL;

  if (!oldest || !history_is_over (history, oldest))
    return false;
  /* One complaint is enough where nothing can be removed. */
  if (!job_store_forget (history->hive->jobs, oldest->number, &error) && history->failures++ == 0)
    g_warning ("%s", error->message);
  return true;
}

static int
history_on_piece (sd_event_source *source, void *userdata)
{
  gint64 until = g_get_monotonic_time () + PIECE;
  History *history = userdata;
  bool more;

  while ((more = history_prune (history)) && g_get_monotonic_time () < until)
    ;
  if (more)
    return sd_event_source_set_enabled (source, SD_EVENT_ONESHOT);
  if (history->failures > 1)
    g_warning ("%u old jobs could not be removed", history->failures);
  malloc_trim (0);
  return 0;
}

static int
history_on_day (sd_event_source *source, uint64_t usec, void *userdata)
{
  history_look (userdata);
  sd_event_source_set_time_relative (source, DAY);
  return sd_event_source_set_enabled (source, SD_EVENT_ONESHOT);
}

History *
history_new (Hive *hive)
{
  History *history = g_new0 (History, 1);

  history->hive = hive;
  if (hive->configuration->history_max_age > 0)
    /* A machine that sleeps at night has its days too. */
    sd_event_add_time_relative (hive->event, &history->daily, CLOCK_BOOTTIME, DAY, DAY / 24, history_on_day, history);
  return history;
}

void
history_free (History *history)
{
  if (!history)
    return;
  sd_event_source_disable_unref (history->piece);
  sd_event_source_disable_unref (history->daily);
  g_free (history);
}

void
history_look (History *history)
{
  history->failures = 0;
  if (history->piece)
    sd_event_source_set_enabled (history->piece, SD_EVENT_ONESHOT);
  else if (sd_event_add_defer (history->hive->event, &history->piece, history_on_piece, history) >= 0)
    sd_event_source_set_priority (history->piece, SD_EVENT_PRIORITY_IDLE);
}
