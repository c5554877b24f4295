/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "feed-reader.h"

#include <string.h>

#include "request.h"
#include "stream.h"

/* Whoever reads it. */
typedef struct
{
  Stream stream;
  Feed *feed;
  SsePosition position; /* up to which everything is sent */
  size_t skip;          /* and so many bytes of what comes next */
  uint64_t until;       /* the text of a log is read as far as it went when it was asked for */
} FeedReader;

/* Everything there is was sent. */
static void
reader_rest (FeedReader *reader)
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
  FeedReader *reader = (FeedReader *)stream;
  const Chunk *chunk;

  if (!stream_flush (stream))
    return;
  if (reader->position.ended)
    {
      stream->done = true;
      return;
    }
  chunk = chunks_get (&reader->feed->feeds->chunks, reader->feed, &reader->position);
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
  FeedReader *reader = (FeedReader *)stream;
  Feed *feed = reader->feed;

  stream_clear (stream);
  g_ptr_array_remove_fast (feed->readers, reader);
  g_free (reader);
  feed_rest (feed);
}

static const StreamKind reader_kind = { .pump = reader_pump, .closed = reader_closed };
static const StreamKind text_kind = { .pump = reader_pump, .closed = reader_closed, .type = TEXT_TYPE };

/* An event that comes before the log's. */
static void
reader_greet (FeedReader *reader, bool reset)
{
  g_autoptr (GString) text = g_string_new (NULL);
  static const char queued[] = "{\"state\":\"queued\"}";

  if (reset)
    sse_append (text, "reset", "{}", 2);
  if (reader->stream.is_event_source && reader->feed->size == 0 && !reader->feed->state)
    sse_append (text, "state", queued, strlen (queued));
  stream_queue (&reader->stream, text->str, text->len);
}

void
feed_reader_start (Feed *feed, const Request *request, int fd, const SsePosition *position, bool reset)
{
  FeedReader *reader = g_new0 (FeedReader, 1);

  reader->feed = feed;
  reader->position = *position;
  reader->until = G_MAXUINT64;
  if (!stream_init (&reader->stream, position->is_text ? &text_kind : &reader_kind, request, fd))
    {
      g_free (reader);
      return;
    }
  if (feed->readers->len == 0)
    feed_wake (feed);
  g_ptr_array_add (feed->readers, reader);
  if (position->is_text)
    reader->until = feed->size;
  else
    reader_greet (reader, reset);
  /* In a turn of its own: the request is still there. */
  stream_wait (&reader->stream, true);
}

void
feed_readers_drain (Feed *feed)
{
  feed->turning = true;
  for (guint i = feed->readers->len; i-- > 0;)
    {
      FeedReader *reader = feed->readers->pdata[i];

      reader->stream.done = reader->skip == 0 && !reader->stream.pending;
      if (reader->stream.done)
        stream_turn (&reader->stream);
    }
  feed->turning = false;
  feed_rest (feed);
}

void
feed_readers_close (Feed *feed)
{
  feed->turning = true;
  while (feed->readers->len > 0)
    reader_closed (feed->readers->pdata[feed->readers->len - 1]);
}
