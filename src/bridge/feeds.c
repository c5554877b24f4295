/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "feeds.h"

#include <sys/stat.h>

#include "feed-opening.h"
#include "feed-reader.h"
#include "feed.h"
#include "stream.h"

/* The feed of a job, whoever else reads it or waits for it. */
static Feed *
feeds_get (Feeds *feeds, const char *id)
{
  Feed *feed = g_hash_table_lookup (feeds->feeds, id);
  struct stat status;

  /* While others read the log, it is there, with or without a hive. */
  if (feed && (feed->fd < 0 || feed->readers->len > 0 || feed->openings > 0 ||
               (fstat (feed->fd, &status) == 0 && status.st_nlink > 0)))
    return feed;
  if (feed)
    feed_free (feed);
  return feed_new (feeds, id);
}

void
feeds_open (Request *request, const char *id, bool as_text)
{
  Problem *problem = stream_check_limit (request->bridge);

  if (problem)
    request_answer_problem (request, problem);
  else
    feed_open (feeds_get (request->bridge->feeds, id), request, as_text);
}

static void
feed_beat (Feed *feed)
{
  if (feed->fd < 0)
    return;
  if (feed->readers->len == 0)
    {
      if (feed->openings == 0)
        feed_free (feed);
      return;
    }
  if (feed->quiet)
    feed_ask (feed);
  feed->quiet = true;
  feed->turning = true;
  for (guint i = feed->readers->len; i-- > 0;)
    stream_beat (feed->readers->pdata[i]);
  feed->turning = false;
  feed_rest (feed);
}

static int
feeds_on_heartbeat (sd_event_source *source, uint64_t usec, void *userdata)
{
  Feeds *feeds = userdata;
  g_autoptr (GList) all = g_hash_table_get_values (feeds->feeds);

  for (GList *link = all; link; link = link->next)
    feed_beat (link->data);
  sd_event_source_set_time_relative (source, STREAM_BEAT_INTERVAL);
  sd_event_source_set_enabled (source, SD_EVENT_ONESHOT);
  return 0;
}

Feeds *
feeds_new (Bridge *bridge)
{
  Feeds *feeds = g_new0 (Feeds, 1);

  feeds->bridge = bridge;
  feeds->feeds = g_hash_table_new (g_str_hash, g_str_equal);
  sd_event_add_time_relative (bridge->event, &feeds->heartbeat, CLOCK_MONOTONIC, STREAM_BEAT_INTERVAL, 0,
                              feeds_on_heartbeat, feeds);
  return feeds;
}

void
feeds_drain (Feeds *feeds)
{
  g_autoptr (GList) all = g_hash_table_get_values (feeds->feeds);

  for (GList *link = all; link; link = link->next)
    feed_readers_drain (link->data);
}

void
feeds_free (Feeds *feeds)
{
  g_autoptr (GList) all = NULL;

  if (!feeds)
    return;
  all = g_hash_table_get_values (feeds->feeds);
  for (GList *link = all; link; link = link->next)
    {
      Feed *feed = link->data;

      feed_readers_close (feed);
      feed_free (feed);
    }
  sd_event_source_disable_unref (feeds->heartbeat);
  g_hash_table_unref (feeds->feeds);
  g_free (feeds);
}
