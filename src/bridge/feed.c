/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "feed.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus-json.h"
#include "bus.h"
#include "json.h"
#include "log-record.h"
#include "request.h"
#include "stream.h"

#define TURN_SHARE  4                      /* turns may take that part of the time; lines meanwhile come together */
#define PAUSE_LEAST 200                    /* µs */
#define PAUSE_MOST  (G_USEC_PER_SEC / 200) /* from one turn to the next, while a log grows */
#define TAIL_SIZE   256                    /* the last record of an ended log is shorter */

void
feed_free (Feed *feed)
{
  Feeds *feeds = feed->feeds;

  chunks_drop (&feeds->chunks, feed);
  if (g_hash_table_lookup (feeds->feeds, feed->id) == feed)
    g_hash_table_remove (feeds->feeds, feed->id);
  if (g_hash_table_size (feeds->feeds) == 0)
    chunks_forget (&feeds->chunks);
  bus_call_cancel (feed->call);
  log_watch_free (feed->watch);
  sd_event_source_disable_unref (feed->timer);
  if (feed->fd >= 0)
    close (feed->fd);
  g_ptr_array_unref (feed->waiting);
  g_free (feed->path);
  g_ptr_array_unref (feed->readers);
  g_free (feed->id);
  g_free (feed->state);
  g_free (feed->error_name);
  g_free (feed->error_message);
  g_free (feed);
}

/* A log that nobody reads stays open until the next heartbeat: readers come back, and the hive gives few logs a minute.
 */
void
feed_rest (Feed *feed)
{
  if (feed->readers->len > 0 || feed->openings > 0 || feed->turning)
    return;
  if (feed->fd < 0)
    {
      feed_free (feed);
      return;
    }
  g_clear_pointer (&feed->watch, log_watch_free);
  feed->timer = sd_event_source_disable_unref (feed->timer);
}

static void feed_on_growth (void *userdata);
static int feed_on_timer (sd_event_source *source, uint64_t usec, void *userdata);

static void
feed_look_at (Feed *feed, uint64_t at)
{
  if (!feed->timer)
    {
      sd_event_add_time (feed->feeds->bridge->event, &feed->timer, CLOCK_MONOTONIC, at, 1, feed_on_timer, feed);
      return;
    }
  sd_event_source_set_time (feed->timer, at);
  sd_event_source_set_enabled (feed->timer, SD_EVENT_ONESHOT);
}

static void
feed_watch (Feed *feed)
{
  if (!feed->watch)
    feed->watch = log_watch_new (feed->feeds->bridge->event, feed->fd, feed_on_growth, feed);
}

void
feed_turn (Feed *feed)
{
  struct stat status;
  uint64_t took;

  feed->turned_at = (uint64_t)g_get_monotonic_time ();
  feed->generation++;
  if (fstat (feed->fd, &status) == 0)
    {
      feed->quiet = feed->quiet && feed->size == (uint64_t)status.st_size;
      feed->size = (uint64_t)status.st_size;
    }
  feed->turning = true;
  /* Backwards: a reader that is closed meanwhile gives its place to the last one, which had its turn. */
  for (guint i = feed->readers->len; i-- > 0;)
    {
      Stream *reader = feed->readers->pdata[i];

      if (!reader->waits)
        stream_turn (reader);
    }
  feed->turning = false;
  took = (uint64_t)g_get_monotonic_time () - feed->turned_at;
  feed->pause = CLAMP (took * TURN_SHARE, PAUSE_LEAST, PAUSE_MOST);
  feed_rest (feed);
}

/* The first line after a pause goes out at once. Lines that follow each other closely are waited for, not long, and go
 * out together; then nobody is woken by each. How long depends on what it costs: with one reader it is nothing. */
static void
feed_on_growth (void *userdata)
{
  Feed *feed = userdata;

  if ((uint64_t)g_get_monotonic_time () >= feed->turned_at + feed->pause)
    {
      feed_turn (feed);
      return;
    }
  g_clear_pointer (&feed->watch, log_watch_free);
  feed_look_at (feed, feed->turned_at + feed->pause);
}

static int
feed_on_timer (sd_event_source *source, uint64_t usec, void *userdata)
{
  Feed *feed = userdata;
  struct stat status;
  bool grows = fstat (feed->fd, &status) == 0 && (uint64_t)status.st_size != feed->size;

  /* What comes between the look and the watch is seen by the turn. */
  if (grows)
    feed_look_at (feed, (uint64_t)g_get_monotonic_time () + feed->pause);
  else
    feed_watch (feed);
  feed_turn (feed);
  return 0;
}

Feed *
feed_new (Feeds *feeds, const char *id)
{
  Feed *feed = g_new0 (Feed, 1);

  feed->feeds = feeds;
  feed->id = g_strdup (id);
  feed->fd = -1;
  feed->owner = UID_UNKNOWN;
  feed->waiting = g_ptr_array_new ();
  feed->readers = g_ptr_array_new ();
  g_hash_table_insert (feeds->feeds, feed->id, feed);
  return feed;
}

void
feed_learn (Feed *feed, JsonObject *job)
{
  const char *state = json_get_string (job, "State", "");

  feed->owner = (uid_t)json_get_int (job, "Owner", UID_UNKNOWN);
  if (!g_str_equal (state, "done") && !g_str_equal (state, "failed") && !g_str_equal (state, "cancelled"))
    return;
  g_free (feed->state);
  g_free (feed->error_name);
  g_free (feed->error_message);
  feed->state = g_strdup (state);
  feed->error_name = g_strdup (json_get_string (job, "ErrorName", ""));
  feed->error_message = g_strdup (json_get_string (job, "ErrorMessage", ""));
}

static void
feed_on_state (sd_bus_message *reply, void *userdata)
{
  Feed *feed = userdata;
  g_autoptr (JsonNode) job = NULL;

  if (bus_reply_failed (reply) || bus_json_read (reply, &job) < 0 || !JSON_NODE_HOLDS_OBJECT (job))
    return;
  feed_learn (feed, json_node_get_object (job));
  if (feed->state)
    feed_turn (feed);
}

void
feed_ask (Feed *feed)
{
  g_autofree char *path = g_strconcat (JOB_PREFIX "/", feed->id, NULL);
  Bus *bus = feed->feeds->bridge->bus;
  g_autoptr (Problem) problem = NULL;
  sd_bus_message *call;

  if (feed->call || feed->state)
    return;
  call = bus_new_call (bus, path, "org.freedesktop.DBus.Properties", "GetAll", &problem);
  if (!call)
    return;
  if (sd_bus_message_append (call, "s", JOB_INTERFACE) < 0)
    sd_bus_message_unref (call);
  else
    bus_send (bus, &feed->call, call, feed_on_state, feed);
}

void
feed_wake (Feed *feed)
{
  struct stat status;

  feed->generation++; /* it may have grown meanwhile */
  if (fstat (feed->fd, &status) == 0)
    feed->size = (uint64_t)status.st_size;
  feed_watch (feed);
}

bool
feed_ends_at (const Feed *feed, uint64_t cursor)
{
  char tail[TAIL_SIZE];
  size_t size = MIN (cursor, sizeof tail);
  ssize_t n = pread (feed->fd, tail, size, (off_t)(cursor - size));
  const char *start;
  LogRecord record;

  if (n <= 0 || tail[n - 1] != '\n')
    return false;
  start = memrchr (tail, '\n', (size_t)(n - 1));
  start = start ? start + 1 : tail;
  return log_record_parse (start, (size_t)(tail + n - 1 - start), &record) && record.stream == LOG_STREAM_END;
}

bool
feed_gave (const Feed *feed, uint64_t cursor)
{
  char before;

  return cursor == 0 ||
         (cursor <= G_MAXINT64 && pread (feed->fd, &before, 1, (off_t)(cursor - 1)) == 1 && before == '\n');
}
