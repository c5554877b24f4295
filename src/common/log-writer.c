/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "log-text.h"
#include "size.h"

#define BUFFER_SIZE (256 * 1024)
#define PREFIX_MAX  64
#define PHASE_MAX   32

struct LogWriter
{
  int fd;
  uint64_t size; /* of the log, as far as this writer knows */
  uint64_t max_size;
  bool full; /* the record that says so was written */
  bool torn; /* the last write stopped in the middle of a record */
  bool bulk; /* what is queued is recipe output, and may be dropped */
  size_t used;
  size_t prefix_length;
  char prefix[PREFIX_MAX]; /* "TIME PHASE STREAM " of the records being queued */
  char phase[PHASE_MAX];
  char buffer[BUFFER_SIZE];
};

/* A log that does not end in a newline was left by a writer that died. */
static bool
log_writer_is_torn (int fd, uint64_t size)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_auto (Fd) reader = -1;
  char last;

  if (size == 0)
    return false;

  /* The descriptor may be write-only. Where it cannot be opened again, one newline too many does no harm: readers pass
   * over it. */
  reader = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  return reader < 0 || pread (reader, &last, 1, size - 1) != 1 || last != '\n';
}

LogWriter *
log_writer_new (int fd, uint64_t max_size)
{
  LogWriter *writer = g_new (LogWriter, 1);

  /* All but the buffer: pages that nothing was written to cost no memory. */
  memset (writer, 0, offsetof (LogWriter, buffer));
  writer->fd = fd;
  writer->max_size = max_size;
  log_writer_mend (writer);
  return writer;
}

void
log_writer_mend (LogWriter *writer)
{
  struct stat st;

  if (fstat (writer->fd, &st) < 0 || !S_ISREG (st.st_mode))
    return;
  writer->size = st.st_size;
  writer->torn = log_writer_is_torn (writer->fd, writer->size);
}

void
log_writer_free (LogWriter *writer)
{
  if (!writer)
    return;
  log_writer_flush (writer);
  g_free (writer);
}

int
log_writer_flush (LogWriter *writer)
{
  size_t size = writer->used;
  int r = 0;

  if (size == 0)
    return 0;

  writer->used = 0;
  if (writer->torn)
    r = file_write_all (writer->fd, "\n", 1);
  if (r == 0)
    {
      writer->torn = false;
      r = file_write_all (writer->fd, writer->buffer, size);
    }
  if (r < 0)
    writer->torn = true; /* perhaps nothing of it arrived: an empty line is passed over */

  writer->size += size;
  return r;
}

void
log_writer_stamp (LogWriter *writer, const char *phase, LogStream stream)
{
  log_time_format (g_get_real_time (), writer->prefix);
  g_strlcpy (writer->phase, phase, sizeof writer->phase);
  writer->prefix_length = LOG_TIME_LENGTH + g_snprintf (writer->prefix + LOG_TIME_LENGTH, PREFIX_MAX - LOG_TIME_LENGTH,
                                                        " %s %s ", writer->phase, log_stream_name (stream));
  writer->bulk = stream == LOG_STREAM_OUT || stream == LOG_STREAM_ERR;
}

static void
log_writer_append (LogWriter *writer, const char *text, size_t length)
{
  char *to;

  if (writer->used + writer->prefix_length + length + 1 > BUFFER_SIZE)
    log_writer_flush (writer);

  to = writer->buffer + writer->used;
  memcpy (to, writer->prefix, writer->prefix_length);
  memcpy (to + writer->prefix_length, text, length);
  to[writer->prefix_length + length] = '\n';
  writer->used += writer->prefix_length + length + 1;
}

/* Says once that the log is full, in the hive's own voice. */
static void
log_writer_say_full (LogWriter *writer)
{
  g_autofree char *size = size_to_string (writer->max_size);
  g_autofree char *text = g_strdup_printf (
      "⚠ The log reached %s (MaxLogSize= in hive.conf): what the recipe prints from here on is left out", size);
  char phase[PHASE_MAX];

  writer->full = true;
  g_strlcpy (phase, writer->phase, sizeof phase);
  log_writer_stamp (writer, phase, LOG_STREAM_NOTE);
  log_writer_append (writer, text, strlen (text));
}

void
log_writer_queue (LogWriter *writer, const char *text, size_t length)
{
  if (writer->bulk && !writer->full &&
      writer->size + writer->used + writer->prefix_length + length + 1 > writer->max_size)
    {
      log_writer_say_full (writer);
      writer->bulk = true; /* the stamp for the note cleared it */
    }
  if (writer->bulk && writer->full)
    return;

  log_writer_append (writer, text, length);
}

int
log_writer_write (LogWriter *writer, const char *phase, LogStream stream, const char *text, ssize_t length)
{
  g_autoptr (GString) clean = NULL;
  size_t size = length < 0 ? strlen (text) : (size_t)length;

  if (!log_text_is_plain (text, size))
    {
      clean = g_string_sized_new (size);
      log_text_clean (clean, text, size);
      text = clean->str;
      size = clean->len;
    }
  if (size > LOG_TEXT_MAX)
    for (size = LOG_TEXT_MAX; size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80; size--)
      ;

  log_writer_stamp (writer, phase, stream);
  log_writer_queue (writer, text, size);
  return log_writer_flush (writer);
}

int
log_writer_note (LogWriter *writer, const char *phase, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  return log_writer_write (writer, phase, LOG_STREAM_NOTE, text, -1);
}

int
log_writer_error (LogWriter *writer, const char *phase, const GError *error)
{
  g_autofree char *text =
      g_strdup_printf ("%s %s", hive_error_name (error->domain == HIVE_ERROR ? error->code : HIVE_ERROR_FAILED),
                       error->message);

  return log_writer_write (writer, phase, LOG_STREAM_ERROR, text, -1);
}
