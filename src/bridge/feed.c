/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "feed.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus-json.h"
#include "bus.h"
#include "json.h"
#include "log-record.h"
#include "log-watch.h"
#include "sse.h"
#include "stream.h"

#define READ_SIZE   (192 * 1024) /* of a log at once */
#define CHUNK_SIZE  (96 * 1024)  /* of events at once */
#define CHUNKS      4
#define TURN_SHARE  4                      /* turns may take that part of the time; lines meanwhile come together */
#define PAUSE_LEAST 200                    /* µs */
#define PAUSE_MOST  (G_USEC_PER_SEC / 200) /* from one turn to the next, while a log grows */
#define TEXT_TYPE   "text/plain; charset=utf-8"
#define TAIL_SIZE   256 /* the last record of an ended log is shorter */

/* A log that is read. */
typedef struct
{
  Feeds *feeds;
  char *id;
  uid_t owner;
  int fd;             /* -1: the hive is being asked for it */
  GPtrArray *waiting; /* of Request: for that */
  char *path;         /* on the bus */
  GPtrArray *readers;
  unsigned openings;      /* who will be readers soon */
  LogWatch *watch;        /* while it grows slowly */
  sd_event_source *timer; /* while it grows fast */
  uint64_t turned_at;     /* µs, when the last turn began; and how long to wait for the next, by how long that took */
  uint64_t pause;
  uint64_t size;       /* of the log, as of the last turn */
  unsigned generation; /* counts turns */
  bool turning;
  bool quiet;                               /* since the last heartbeat */
  char *state, *error_name, *error_message; /* of the job, when it has ended; NULL: not that we know */
  BusCall *call;                            /* asks whether it has, or for the log */
} Feed;

/* Whoever reads it. */
typedef struct
{
  Stream stream;
  Feed *feed;
  SsePosition position; /* up to which everything is sent */
  size_t skip;          /* and so many bytes of what comes next */
  uint64_t until;       /* the text of a log is read as far as it went when it was asked for */
} Reader;

/* Events made of a piece of a log, kept for the next reader at the same position. */
typedef struct
{
  const Feed *feed;
  SsePosition from, after;
  unsigned generation;
  bool at_end; /* the log had nothing more */
  GString *text;
} Chunk;

struct Feeds
{
  Bridge *bridge;
  GHashTable *feeds; /* id → Feed */
  char *buffer;      /* READ_SIZE bytes, while there are readers */
  Chunk chunks[CHUNKS];
  unsigned next_chunk;
  sd_event_source *heartbeat;
};

/* Chunks */

static bool
chunk_fits (const Chunk *chunk, const Feed *feed, const SsePosition *from)
{
  return chunk->feed == feed && chunk->from.cursor == from->cursor && chunk->from.phase == from->phase &&
         chunk->from.dressed == from->dressed && chunk->from.is_text == from->is_text &&
         (!chunk->at_end || chunk->generation == feed->generation);
}

static void
chunk_make (Chunk *chunk, Feed *feed, const SsePosition *from)
{
  char *buffer = feed->feeds->buffer;
  uint64_t before;
  ssize_t n;

  chunk->feed = feed;
  chunk->from = chunk->after = *from;
  chunk->generation = feed->generation;
  if (!chunk->text)
    chunk->text = g_string_sized_new (CHUNK_SIZE + 2 * LOG_RECORD_MAX);
  g_string_truncate (chunk->text, 0);
  do
    {
      do
        n = pread (feed->fd, buffer, READ_SIZE, (off_t)chunk->after.cursor);
      while (n < 0 && errno == EINTR);
      if (n <= 0)
        break;
      before = chunk->after.cursor;
      sse_encode (&chunk->after, buffer, (size_t)n, chunk->text, CHUNK_SIZE);
      /* A line that no record can be is passed over. */
      if (n == READ_SIZE && chunk->after.cursor == before)
        chunk->after.cursor += READ_SIZE;
    }
  while (n == READ_SIZE && chunk->text->len == 0 && !chunk->after.ended);
  chunk->at_end = n < READ_SIZE && chunk->text->len < CHUNK_SIZE;
}

static const Chunk *
feed_chunk (Feed *feed, const SsePosition *from)
{
  Feeds *feeds = feed->feeds;
  Chunk *chunk;

  for (unsigned i = 0; i < CHUNKS; i++)
    if (chunk_fits (&feeds->chunks[i], feed, from))
      return &feeds->chunks[i];
  if (!feeds->buffer)
    feeds->buffer = g_malloc (READ_SIZE);
  chunk = &feeds->chunks[feeds->next_chunk++ % CHUNKS];
  chunk_make (chunk, feed, from);
  return chunk;
}

static void
feeds_forget_chunks (Feeds *feeds)
{
  for (unsigned i = 0; i < CHUNKS; i++)
    if (feeds->chunks[i].text)
      g_string_free (feeds->chunks[i].text, true);
  memset (feeds->chunks, 0, sizeof feeds->chunks);
  g_clear_pointer (&feeds->buffer, g_free);
  malloc_trim (0); /* thousands of readers may have gone */
}

/* Feeds */

static void
feed_free (Feed *feed)
{
  Feeds *feeds = feed->feeds;

  for (unsigned i = 0; i < CHUNKS; i++)
    if (feeds->chunks[i].feed == feed)
      feeds->chunks[i].feed = NULL;
  if (g_hash_table_lookup (feeds->feeds, feed->id) == feed)
    g_hash_table_remove (feeds->feeds, feed->id);
  if (g_hash_table_size (feeds->feeds) == 0)
    feeds_forget_chunks (feeds);
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
static void
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

/* Everybody who has what there was gets what there is. */
static void
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
  /* Backwards: who is closed meanwhile gives his place to the last one, who had his turn. */
  for (guint i = feed->readers->len; i-- > 0;)
    {
      Reader *reader = feed->readers->pdata[i];

      if (!reader->stream.waits)
        stream_turn (&reader->stream);
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

static Feed *
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

/* What the hive says of the job, in case its log does not say how it ended (no space). */
static void
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

/* A log that has been quiet for long: has its job ended without a word? */
static void
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

/* Readers */

/* Everything there is was sent. */
static void
reader_rest (Reader *reader)
{
  Stream *stream = &reader->stream;
  Feed *feed = reader->feed;
  g_autoptr (GString) end = NULL;

  stream_wait (stream, false);
  if (stream->bridge->draining || reader->position.is_text)
    stream->done = true;
  if (!feed->state || stream->done)
    return;
  end = g_string_new (NULL);
  sse_encode_end (&reader->position, feed->state, feed->error_name, feed->error_message, end);
  stream_queue (stream, end->str, end->len);
  stream->done = stream_flush (stream);
}

/* Sends one chunk: the others want theirs, too. */
static void
reader_pump (Stream *stream)
{
  Reader *reader = (Reader *)stream;
  const Chunk *chunk;

  if (!stream_flush (stream))
    return;
  if (reader->position.ended)
    {
      stream->done = true;
      return;
    }
  chunk = feed_chunk (reader->feed, &reader->position);
  reader->skip += stream_write (stream, chunk->text->str + reader->skip, chunk->text->len - reader->skip);
  if (reader->skip < chunk->text->len)
    return;
  reader->skip = 0;
  reader->position = chunk->after;
  if (reader->position.ended || reader->position.cursor >= reader->until || stream->bridge->draining)
    stream->done = true;
  else if (chunk->at_end)
    reader_rest (reader);
  else
    stream_wait (stream, true);
}

static void
reader_closed (Stream *stream)
{
  Reader *reader = (Reader *)stream;
  Feed *feed = reader->feed;

  stream_clear (stream);
  g_ptr_array_remove_fast (feed->readers, reader);
  g_free (reader);
  feed_rest (feed);
}

static const StreamKind reader_kind = { .pump = reader_pump, .closed = reader_closed };
static const StreamKind text_kind = { .pump = reader_pump, .closed = reader_closed, .type = TEXT_TYPE };

/* Opening one */

/* A request on its way to being a reader. */
typedef struct
{
  Request *request;
  Feed *feed;
  SsePosition position;
  bool reset; /* the cursor was none of this log */
} Opening;

static void
opening_free (void *data)
{
  Opening *opening = data;

  if (opening->feed)
    {
      g_ptr_array_remove_fast (opening->feed->waiting, opening->request);
      opening->feed->openings--;
      feed_rest (opening->feed);
    }
  g_free (opening);
}

/* An event that comes before the log's. */
static void
reader_greet (Reader *reader, const Opening *opening)
{
  g_autoptr (GString) text = g_string_new (NULL);
  static const char queued[] = "{\"state\":\"queued\"}";

  if (opening->reset)
    sse_append (text, "reset", "{}", 2);
  if (reader->stream.dressed && reader->feed->size == 0 && !reader->feed->state)
    sse_append (text, "state", queued, strlen (queued));
  stream_queue (&reader->stream, text->str, text->len);
}

/* Somebody reads it, for the first time or again. */
static void
feed_wake (Feed *feed)
{
  struct stat status;

  feed->generation++; /* it may have grown meanwhile */
  if (fstat (feed->fd, &status) == 0)
    feed->size = (uint64_t)status.st_size;
  feed_watch (feed);
}

static void
opening_take (Request *request, int fd)
{
  Opening *opening = request->data;
  Feed *feed = opening->feed;
  Reader *reader = g_new0 (Reader, 1);

  reader->feed = feed;
  reader->position = opening->position;
  reader->until = G_MAXUINT64;
  if (!stream_init (&reader->stream, opening->position.is_text ? &text_kind : &reader_kind, request, fd))
    {
      g_free (reader);
      return;
    }
  if (feed->readers->len == 0)
    feed_wake (feed);
  g_ptr_array_add (feed->readers, reader);
  if (opening->position.is_text)
    reader->until = feed->size;
  else
    reader_greet (reader, opening);
  /* In a turn of its own: the request is still there. */
  stream_wait (&reader->stream, true);
}

/* Whether the log is ended, and @cursor after its last record. */
static bool
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

/* A cursor is at the start of a record. */
static bool
feed_gave (const Feed *feed, uint64_t cursor)
{
  char before;

  return cursor == 0 ||
         (cursor <= G_MAXINT64 && pread (feed->fd, &before, 1, (off_t)(cursor - 1)) == 1 && before == '\n');
}

/* Where to begin: after what the client says to have had. False: the request is answered. */
static bool
opening_find_cursor (Request *request, Opening *opening)
{
  const char *last = request->head->values[HEADER_LAST_EVENT_ID];
  g_autofree char *query = NULL;
  guint64 cursor = 0;
  bool fine;

  fine = head_query (request->head, "cursor", &query);
  last = last && *last ? last : fine ? query : "";
  fine = !last || g_ascii_string_to_unsigned (last, 10, 0, G_MAXINT64, &cursor, NULL);
  fine = fine && feed_gave (opening->feed, cursor);
  if (!fine && !opening->position.dressed)
    {
      request_answer_problem (request,
                              problem_new (HTTP_BAD_REQUEST, PROBLEM_INVALID, NULL,
                                           "\"%s\" is not a cursor of the log of job %s", last, opening->feed->id));
      return false;
    }
  opening->reset = !fine;
  opening->position.cursor = fine ? cursor : 0;
  return true;
}

/* The feed is there. */
static void
opening_go_on (Request *request)
{
  Opening *opening = request->data;
  Feed *feed = opening->feed;
  bool owner_alone = request->bridge->configuration->owner_reads_log;

  if (owner_alone && request->uid != feed->owner && request->uid != 0 &&
      !request->bridge->configuration->trust_everybody)
    {
      request_answer_problem (request, problem_new (HTTP_FORBIDDEN, PROBLEM_DENIED, "LogAccess",
                                                    "Only its owner (uid %u) and root may read the log of job %s "
                                                    "(LogAccess= in [Log])",
                                                    (unsigned)feed->owner, feed->id));
      return;
    }
  opening->position.dressed = !opening->position.is_text && stream_is_dressed (request);
  if (!opening->position.is_text && !opening_find_cursor (request, opening))
    return;
  /* An EventSource that comes back after the end is told to stop. */
  if (opening->position.cursor > 0 && feed_ends_at (feed, opening->position.cursor))
    {
      request_answer (request, response_new (HTTP_NO_CONTENT, NULL));
      return;
    }
  if (request->head->method == METHOD_HEAD)
    request_answer_text (request, HTTP_OK, opening->position.is_text ? TEXT_TYPE : SSE_TYPE, g_strdup (""));
  else
    request_take (request, opening_take);
}

/* Asking for a log */

static void
feed_fail (Feed *feed, sd_bus_message *reply, int r)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&feed->waiting);

  feed->waiting = g_ptr_array_new ();
  /* Whoever comes next asks again. */
  g_hash_table_remove (feed->feeds->feeds, feed->id);
  for (guint i = 0; i < waiting->len; i++)
    {
      Request *request = waiting->pdata[i];

      if (!reply)
        request_answer_problem (request, problem_new_unreachable ("the bus broke off"));
      else if (r < 0)
        request_answer_unreadable (request, r);
      else
        request_answer_problem (request, problem_from_bus (sd_bus_message_get_error (reply)));
    }
}

/* False: there is no bus. */
static bool
feed_call (Feed *feed, const char *path, const char *interface, const char *member, const char *argument,
           BusReply handler)
{
  Bus *bus = feed->feeds->bridge->bus;
  g_autoptr (Problem) problem = NULL;
  sd_bus_message *call = bus_new_call (bus, path, interface, member, &problem);

  if (!call || (argument && sd_bus_message_append (call, "s", argument) < 0))
    {
      sd_bus_message_unref (call);
      feed_fail (feed, NULL, 0);
      return false;
    }
  bus_send (bus, &feed->call, call, handler, feed);
  return true;
}

static void
feed_on_log (sd_bus_message *reply, void *userdata)
{
  Feed *feed = userdata;
  g_autoptr (GPtrArray) waiting = NULL;
  struct stat status;
  int fd = -1;
  int r = bus_reply_failed (reply) ? 0 : sd_bus_message_read (reply, "h", &fd);

  if (r > 0)
    r = feed->fd = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  if (r <= 0)
    {
      feed_fail (feed, reply, r);
      return;
    }
  if (fstat (feed->fd, &status) == 0)
    feed->size = (uint64_t)status.st_size;
  waiting = g_steal_pointer (&feed->waiting);
  feed->waiting = g_ptr_array_new ();
  for (guint i = 0; i < waiting->len; i++)
    opening_go_on (waiting->pdata[i]);
}

static void
feed_on_job (sd_bus_message *reply, void *userdata)
{
  Feed *feed = userdata;
  g_autoptr (JsonNode) node = NULL;
  int r = bus_reply_failed (reply) ? 0 : bus_json_read (reply, &node);

  if (!node || !JSON_NODE_HOLDS_OBJECT (node))
    {
      feed_fail (feed, reply, node ? -EPROTO : r);
      return;
    }
  feed_learn (feed, json_node_get_object (node));
  feed_call (feed, feed->path, JOB_INTERFACE, "OpenLog", NULL, feed_on_log);
}

static void
feed_on_path (sd_bus_message *reply, void *userdata)
{
  Feed *feed = userdata;
  const char *path;
  int r = bus_reply_failed (reply) ? 0 : sd_bus_message_read (reply, "o", &path);

  if (r <= 0)
    {
      feed_fail (feed, reply, r);
      return;
    }
  feed->path = g_strdup (path);
  feed_call (feed, path, "org.freedesktop.DBus.Properties", "GetAll", JOB_INTERFACE, feed_on_job);
}

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
  Opening *opening;
  Feed *feed;

  if (problem)
    {
      request_answer_problem (request, problem);
      return;
    }
  feed = feeds_get (request->bridge->feeds, id);
  opening = g_new0 (Opening, 1);
  opening->request = request;
  opening->feed = feed;
  opening->position.is_text = as_text;
  feed->openings++;
  request->data = opening;
  request->free_data = opening_free;
  if (feed->fd >= 0)
    {
      opening_go_on (request);
      return;
    }
  g_ptr_array_add (feed->waiting, request);
  if (!feed->call)
    feed_call (feed, HIVE_PATH, HIVE_INTERFACE, "GetJob", id, feed_on_path);
}

/* All of them */

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
    {
      Feed *feed = link->data;

      feed->turning = true;
      for (guint i = feed->readers->len; i-- > 0;)
        {
          Reader *reader = feed->readers->pdata[i];

          reader->stream.done = reader->skip == 0 && !reader->stream.pending;
          if (reader->stream.done)
            stream_turn (&reader->stream);
        }
      feed->turning = false;
      feed_rest (feed);
    }
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

      feed->turning = true;
      while (feed->readers->len > 0)
        reader_closed (feed->readers->pdata[feed->readers->len - 1]);
      feed_free (feed);
    }
  sd_event_source_disable_unref (feeds->heartbeat);
  g_hash_table_unref (feeds->feeds);
  g_free (feeds);
}
