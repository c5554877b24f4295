/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "feed-chunk.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "feed.h"
#include "log-record.h"

#define READ_SIZE  (192 * 1024) /* of a log at once */
#define CHUNK_SIZE (96 * 1024)  /* of events at once */

static bool
chunk_fits (const Chunk *chunk, const Feed *feed, const SsePosition *from)
{
  return chunk->feed == feed && chunk->from.cursor == from->cursor && chunk->from.phase == from->phase &&
         chunk->from.is_event_source == from->is_event_source && chunk->from.is_text == from->is_text &&
         (!chunk->at_end || chunk->generation == feed->generation);
}

static void
chunk_make (Chunk *chunk, const Feed *feed, const SsePosition *from, char *buffer)
{
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

const Chunk *
chunks_get (Chunks *chunks, const Feed *feed, const SsePosition *from)
{
  Chunk *chunk;

  for (unsigned i = 0; i < CHUNKS; i++)
    if (chunk_fits (&chunks->all[i], feed, from))
      return &chunks->all[i];
  if (!chunks->buffer)
    chunks->buffer = g_malloc (READ_SIZE);
  chunk = &chunks->all[chunks->next++ % CHUNKS];
  chunk_make (chunk, feed, from, chunks->buffer);
  return chunk;
}

void
chunks_forget (Chunks *chunks)
{
  for (unsigned i = 0; i < CHUNKS; i++)
    if (chunks->all[i].text)
      g_string_free (chunks->all[i].text, true);
  memset (chunks->all, 0, sizeof chunks->all);
  g_clear_pointer (&chunks->buffer, g_free);
  malloc_trim (0); /* thousands of readers may have gone */
}

void
chunks_drop (Chunks *chunks, const Feed *feed)
{
  for (unsigned i = 0; i < CHUNKS; i++)
    if (chunks->all[i].feed == feed)
      chunks->all[i].feed = NULL;
}
