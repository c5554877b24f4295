/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log-record.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "error.h"

static const char *const stream_names[] = { "note", "out", "err", "progress", "result", "error", "end" };

const char *
log_stream_name (LogStream stream)
{
  return stream_names[stream];
}

bool
log_stream_from_name (const char *name, size_t length, LogStream *ret_stream)
{
  for (size_t i = 0; i < G_N_ELEMENTS (stream_names); i++)
    if (strlen (stream_names[i]) == length && memcmp (stream_names[i], name, length) == 0)
      {
        *ret_stream = i;
        return true;
      }

  return false;
}

bool
log_record_parse (const char *line, size_t length, LogRecord *ret_record)
{
  const char *end = line + length;
  const char *phase, *stream, *text;

  /* Two bytes tell a time from the middle of some text well enough: the writer makes sure that every record begins a
   * line. */
  if (length < LOG_TIME_LENGTH + 1 || line[LOG_TIME_LENGTH] != ' ' || line[LOG_TIME_LENGTH - 1] != 'Z')
    return false;

  phase = line + LOG_TIME_LENGTH + 1;
  stream = memchr (phase, ' ', end - phase);
  if (!stream || stream == phase)
    return false;
  stream++;

  text = memchr (stream, ' ', end - stream);
  if (!text || !log_stream_from_name (stream, text - stream, &ret_record->stream))
    return false;
  text++;

  ret_record->time = line;
  ret_record->phase = phase;
  ret_record->phase_length = stream - 1 - phase;
  ret_record->text = text;
  ret_record->text_length = end - text;
  return true;
}

static void
put_digits (char *to, unsigned value, int digits)
{
  while (digits-- > 0)
    {
      to[digits] = '0' + value % 10;
      value /= 10;
    }
}

void
log_time_format (uint64_t usec, char *ret_time)
{
  static const char shape[] = "0000-00-00T00:00:00.000000Z";
  time_t seconds = usec / G_USEC_PER_SEC;
  struct tm tm;

  gmtime_r (&seconds, &tm);
  memcpy (ret_time, shape, LOG_TIME_LENGTH);
  put_digits (ret_time, tm.tm_year + 1900, 4);
  put_digits (ret_time + 5, tm.tm_mon + 1, 2);
  put_digits (ret_time + 8, tm.tm_mday, 2);
  put_digits (ret_time + 11, tm.tm_hour, 2);
  put_digits (ret_time + 14, tm.tm_min, 2);
  put_digits (ret_time + 17, tm.tm_sec, 2);
  put_digits (ret_time + 20, usec % G_USEC_PER_SEC, 6);
}

static unsigned
get_digits (const char *from, int digits, bool *ok)
{
  unsigned value = 0;

  for (; digits > 0; digits--, from++)
    {
      *ok = *ok && g_ascii_isdigit (*from);
      value = value * 10 + (*from - '0');
    }

  return value;
}

uint64_t
log_time_parse (const char *text)
{
  bool ok = true;
  struct tm tm = {
    .tm_year = get_digits (text, 4, &ok) - 1900,
    .tm_mon = get_digits (text + 5, 2, &ok) - 1,
    .tm_mday = get_digits (text + 8, 2, &ok),
    .tm_hour = get_digits (text + 11, 2, &ok),
    .tm_min = get_digits (text + 14, 2, &ok),
    .tm_sec = get_digits (text + 17, 2, &ok),
  };
  unsigned usec = get_digits (text + 20, 6, &ok);

  return ok ? (uint64_t)timegm (&tm) * G_USEC_PER_SEC + usec : 0;
}

void
log_record_parse_error (const LogRecord *record, int *ret_code, char **ret_message)
{
  const char *space = memchr (record->text, ' ', record->text_length);
  g_autofree char *name = g_strndup (record->text, space ? (size_t)(space - record->text) : record->text_length);

  if (space && hive_error_from_name (name, ret_code))
    {
      *ret_message = g_strndup (space + 1, record->text + record->text_length - space - 1);
      return;
    }

  *ret_code = HIVE_ERROR_FAILED;
  *ret_message = g_strndup (record->text, record->text_length);
}

static bool
log_record_text_is (const LogRecord *record, const char *text)
{
  return strlen (text) == record->text_length && memcmp (record->text, text, record->text_length) == 0;
}

char *
log_record_to_line (const LogRecord *record)
{
  switch (record->stream)
    {
    case LOG_STREAM_NOTE:
    case LOG_STREAM_OUT:
    case LOG_STREAM_ERR:
      return g_strndup (record->text, record->text_length);

    case LOG_STREAM_ERROR:
      {
        g_autofree char *message = NULL;
        int code;

        log_record_parse_error (record, &code, &message);
        return g_strconcat ("[ERROR] ", message, NULL);
      }

    case LOG_STREAM_END:
      if (log_record_text_is (record, "done"))
        return g_strdup ("[DONE]");
      return log_record_text_is (record, "cancelled") ? g_strdup ("[CANCELLED]") : NULL;

    case LOG_STREAM_PROGRESS:
    case LOG_STREAM_RESULT:
    default:
      return NULL;
    }
}

double
log_progress_parse (const char *text)
{
  char *end;
  double done = g_ascii_strtod (text, &end);
  double all;

  if (end == text)
    return -1;
  if (*end == '%' && end[1] == '\0')
    all = 100;
  else if (*end == '/')
    {
      const char *second = end + 1;

      all = g_ascii_strtod (second, &end);
      if (end == second || *end)
        return -1;
    }
  else
    return -1;
  /* To the hundredth of a percent: json-glib writes 1e-05 as 1e-05.0, which is no JSON. */
  return all > 0 && done >= 0 && done <= all ? round (done / all * 10000) / 10000 : -1;
}
