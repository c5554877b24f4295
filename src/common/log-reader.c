/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log-reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

/* One read fetches many records; a record always fits. */
#define BUFFER_SIZE (256 * 1024)
G_STATIC_ASSERT (BUFFER_SIZE > LOG_RECORD_MAX);

struct LogReader
{
  int fd;
  uint64_t offset; /* in the log, of buffer[0] */
  size_t start;    /* of the next record in the buffer */
  size_t end;      /* of what the buffer holds */
  bool aligned;    /* the cursor is known to be at the start of a record */
  bool ended;
  char *buffer; /* held only while there is something in it: idle readers are small */
};

LogReader *
log_reader_new (int fd, uint64_t cursor)
{
  LogReader *reader = g_new (LogReader, 1);
  char before;

  *reader = (LogReader){ .fd = fd, .offset = cursor };
  reader->aligned = cursor == 0 || (pread (fd, &before, 1, cursor - 1) == 1 && before == '\n');
  return reader;
}

void
log_reader_free (LogReader *reader)
{
  if (!reader)
    return;
  close (reader->fd);
  g_free (reader->buffer);
  g_free (reader);
}

uint64_t
log_reader_cursor (const LogReader *reader)
{
  return reader->offset + reader->start;
}

bool
log_reader_ended (const LogReader *reader)
{
  return reader->ended;
}

int
log_reader_fd (const LogReader *reader)
{
  return reader->fd;
}

/* Moves what is left to the front and reads behind it. 1: something came; 0: nothing yet. */
static int
log_reader_fill (LogReader *reader)
{
  size_t left = reader->end - reader->start;
  ssize_t n;

  if (!reader->buffer)
    reader->buffer = g_malloc (BUFFER_SIZE);
  memmove (reader->buffer, reader->buffer + reader->start, left);
  reader->offset += reader->start;
  reader->start = 0;
  reader->end = left;

  do
    n = pread (reader->fd, reader->buffer + left, BUFFER_SIZE - left, reader->offset + left);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return -errno;

  reader->end += n;
  if (reader->end == 0)
    g_clear_pointer (&reader->buffer, g_free);
  return n > 0;
}

/* A line longer than the buffer cannot be ours; pass over what there is of it and look for its end. */
static void
log_reader_skip (LogReader *reader)
{
  reader->start = reader->end;
  reader->aligned = false;
}

int
log_reader_next (LogReader *reader, LogRecord *ret_record)
{
  while (!reader->ended)
    {
      size_t length = reader->end - reader->start;
      char *line = length > 0 ? reader->buffer + reader->start : NULL;
      char *newline = length > 0 ? memchr (line, '\n', length) : NULL;
      bool aligned = reader->aligned;
      int r;

      if (!newline)
        {
          if (length == BUFFER_SIZE)
            log_reader_skip (reader);
          r = log_reader_fill (reader);
          if (r <= 0)
            return r;
          continue;
        }

      ret_record->cursor = log_reader_cursor (reader);
      reader->start += newline + 1 - line;
      reader->aligned = true;
      if (!aligned || !log_record_parse (line, newline - line, ret_record))
        continue;

      ret_record->next = log_reader_cursor (reader);
      reader->ended = ret_record->stream == LOG_STREAM_END;
      return 1;
    }

  return 0;
}
