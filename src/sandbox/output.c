/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output.h"

#include <string.h>

#include "counter.h"
#include "log-text.h"

struct Output
{
  LogWriter *writer;
  char *phase;
  LogStream stream;
  size_t held; /* bytes of a line whose end has not come yet */
  char line[LOG_TEXT_MAX];
  GString *clean;  /* a line being cleaned */
  Counter counter; /* of LOG_STREAM_OUT */
};

Output *
output_new (LogWriter *writer, const char *phase, LogStream stream)
{
  Output *output = g_new (Output, 1);

  output->writer = writer;
  output->phase = g_strdup (phase);
  output->stream = stream;
  output->held = 0;
  output->clean = g_string_new (NULL);
  output->counter = (Counter){ 0 };
  return output;
}

void
output_free (Output *output)
{
  if (!output)
    return;
  g_free (output->phase);
  g_string_free (output->clean, TRUE);
  g_free (output);
}

/* How much of @text, at most LOG_TEXT_MAX bytes, can be cut off without breaking a character. */
static size_t
output_cut (const char *text, size_t length)
{
  size_t cut = LOG_TEXT_MAX;

  if (length <= LOG_TEXT_MAX)
    return length;

  while (cut > LOG_TEXT_MAX - 4 && ((unsigned char)text[cut] & 0xc0) == 0x80)
    cut--;
  return cut > LOG_TEXT_MAX - 4 ? cut : LOG_TEXT_MAX;
}

/* Queues one line of any length that is free of control characters. */
static void
output_queue_plain (Output *output, const char *text, size_t length)
{
  do
    {
      size_t cut = output_cut (text, length);

      log_writer_queue (output->writer, text, cut);
      text += cut;
      length -= cut;
    }
  while (length > 0);
}

static void
output_queue_line (Output *output, const char *text, size_t length)
{
  if (output->stream == LOG_STREAM_OUT)
    counter_take (&output->counter, text, length);
  if (log_text_is_plain (text, length))
    {
      output_queue_plain (output, text, length);
      return;
    }

  g_string_truncate (output->clean, 0);
  log_text_clean (output->clean, text, length);
  output_queue_plain (output, output->clean->str, output->clean->len);
}

/* Keeps the beginning of a line until its end comes. What a carriage return already overwrote is forgotten; a line
 * longer than may be held is passed on in pieces. */
static void
output_hold (Output *output, const char *text, size_t length)
{
  while (length > 0)
    {
      size_t room = LOG_TEXT_MAX - output->held;
      size_t n = MIN (room, length);
      const char *last;

      memcpy (output->line + output->held, text, n);
      output->held += n;
      text += n;
      length -= n;

      /* The last byte may be the \r of \r\n. */
      last = output->held > 1 ? memrchr (output->line, '\r', output->held - 1) : NULL;
      if (last)
        {
          output->held -= last + 1 - output->line;
          memmove (output->line, last + 1, output->held);
        }

      if (output->held == LOG_TEXT_MAX)
        {
          size_t cut = LOG_TEXT_MAX;

          /* A character whose rest is still to come stays. */
          for (size_t back = 1; back <= 3; back++)
            if (((unsigned char)output->line[LOG_TEXT_MAX - back] & 0xc0) == 0xc0)
              {
                if (g_utf8_get_char_validated (output->line + LOG_TEXT_MAX - back, back) == (gunichar)-2)
                  cut = LOG_TEXT_MAX - back;
                break;
              }
          output_queue_line (output, output->line, cut);
          output->held = LOG_TEXT_MAX - cut;
          memmove (output->line, output->line + cut, output->held);
        }
    }
}

/* The first line of what came, when an earlier read brought its beginning. */
static void
output_join (Output *output, const char *text, size_t length)
{
  output_hold (output, text, length);
  output_queue_line (output, output->line, output->held);
  output->held = 0;
}

int64_t
output_due (const Output *output)
{
  return counter_due (&output->counter);
}

void
output_tell (Output *output)
{
  counter_tell (&output->counter, output->writer, output->phase, false);
}

void
output_feed (Output *output, const char *data, size_t length)
{
  const char *end = data + length;

  log_writer_stamp (output->writer, output->phase, output->stream);

  while (data < end)
    {
      const char *newline = memchr (data, '\n', end - data);

      if (!newline)
        {
          output_hold (output, data, end - data);
          break;
        }

      if (output->held > 0)
        output_join (output, data, newline - data);
      else
        output_queue_line (output, data, newline - data);
      data = newline + 1;
    }

  log_writer_flush (output->writer);
  output_tell (output);
}

void
output_finish (Output *output)
{
  if (output->held > 0)
    {
      log_writer_stamp (output->writer, output->phase, output->stream);
      output_join (output, "", 0);
      log_writer_flush (output->writer);
    }
  counter_tell (&output->counter, output->writer, output->phase, true);
}
