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
  streams_beat (feed->readers);
  feed->turning = false;
  feed_rest (feed);
}

void
feeds_beat (Feeds *feeds)
{
  g_autoptr (GList) all = g_hash_table_get_values (feeds->feeds);

  for (GList *link = all; link; link = link->next)
    feed_beat (link->data);
}

Feeds *
feeds_new (Bridge *bridge)
{
  Feeds *feeds = g_new0 (Feeds, 1);

  feeds->bridge = bridge;
  feeds->feeds = g_hash_table_new (g_str_hash, g_str_equal);
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
  g_hash_table_unref (feeds->feeds);
  g_free (feeds);
}
