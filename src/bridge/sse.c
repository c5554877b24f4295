/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse.h"

#include <string.h>

#include "error.h"
#include "log-record.h"

/* A line that begins like one of these ends a stream for its client. */
static const char *const markers[] = { "[DONE]", "[ERROR]", "[CANCELLED]" };

static void
append (GString *out, const char *text, size_t length)
{
  if (out->len + length >= out->allocated_len)
    {
      g_string_append_len (out, text, (gssize)length);
      return;
    }
  memcpy (out->str + out->len, text, length);
  out->len += length;
  out->str[out->len] = '\0';
}

#define APPEND(out, literal) append (out, literal, sizeof (literal) - 1)

static void
append_number (GString *out, uint64_t number)
{
  char digits[20];
  size_t at = sizeof digits;

  do
    digits[--at] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  append (out, digits + at, sizeof digits - at);
}

/* CR, LF or CR LF: each would end the line for the client. NULL: there is none. */
static const char *
find_break (const char *text, const char *end)
{
  const char *feed = memchr (text, '\n', (size_t)(end - text));
  const char *carriage = memchr (text, '\r', (size_t)((feed ? feed : end) - text));

  return carriage ? carriage : feed;
}

/* What follows a break is a line of the same event. */
static void
append_data (GString *out, const char *text, size_t length)
{
  const char *end = text + length;
  const char *stop;

  APPEND (out, "data: ");
  while ((stop = find_break (text, end)))
    {
      append (out, text, (size_t)(stop - text));
      APPEND (out, "\ndata: ");
      text = stop + (*stop == '\r' && stop + 1 < end && stop[1] == '\n' ? 2 : 1);
    }
  append (out, text, (size_t)(end - text));
  APPEND (out, "\n");
}

static void
append_id (GString *out, const SsePosition *position, uint64_t cursor)
{
  if (!position->is_event_source)
    return;
  APPEND (out, "id: ");
  append_number (out, cursor);
  APPEND (out, "\n");
}

void
sse_append (GString *out, const char *event, const char *data, size_t length)
{
  if (event)
    g_string_append_printf (out, "event: %s\n", event);
  append_data (out, data, length);
  APPEND (out, "\n");
}

static void
append_json (GString *out, const char *text, size_t length)
{
  APPEND (out, "\"");
  for (size_t i = 0; i < length; i++)
    {
      unsigned char c = (unsigned char)text[i];

      if (c == '"' || c == '\\')
        g_string_append_printf (out, "\\%c", c);
      else if (c < 0x20 || c == 0x7f)
        g_string_append_printf (out, "\\u%04x", c);
      else
        append (out, (const char *)&c, 1);
    }
  APPEND (out, "\"");
}

/* No recipe may end a stream. */
static bool
text_is_marker (const char *text, size_t length)
{
  if (length == 0 || *text != '[')
    return false;
  for (gsize i = 0; i < G_N_ELEMENTS (markers); i++)
    if (length >= strlen (markers[i]) && memcmp (text, markers[i], strlen (markers[i])) == 0)
      return true;
  return false;
}

static void
append_message (GString *out, const SsePosition *position, uint64_t id, const char *text, size_t length)
{
  if (position->is_text)
    {
      append (out, text, length);
      APPEND (out, "\n");
      return;
    }
  append_id (out, position, id);
  if (text_is_marker (text, length))
    {
      APPEND (out, "data:  ");
      append (out, text, length);
      APPEND (out, "\n\n");
      return;
    }
  append_data (out, text, length);
  APPEND (out, "\n");
}

/* "phase":"build" */
static void
append_phase (GString *out, const LogRecord *record)
{
  APPEND (out, "\"phase\":");
  append_json (out, record->phase, record->phase_length);
}

static void
append_progress (GString *out, const SsePosition *position, const LogRecord *record)
{
  g_autofree char *text = g_strndup (record->text, record->text_length);
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (!position->is_event_source)
    return;
  append_id (out, position, record->next);
  APPEND (out, "event: progress\ndata: {");
  append_phase (out, record);
  APPEND (out, ",\"text\":");
  append_json (out, record->text, record->text_length);
  g_string_append_printf (out, ",\"progress\":%s}\n\n",
                          g_ascii_formatd (number, sizeof number, "%.4g", log_progress_parse (text)));
}

static uint32_t
phase_hash (const char *phase, size_t length)
{
  uint32_t hash = 5381;

  for (size_t i = 0; i < length; i++)
    hash = hash * 33 + (unsigned char)phase[i];
  return hash ? hash : 1;
}

static bool
phase_is (const LogRecord *record, const char *phase)
{
  return strlen (phase) == record->phase_length && memcmp (phase, record->phase, record->phase_length) == 0;
}

/* A new phase is news of the job's state, with the time at which it began. */
static void
append_state (GString *out, SsePosition *position, const LogRecord *record)
{
  uint32_t hash = phase_hash (record->phase, record->phase_length);
  bool commits = phase_is (record, "install") || phase_is (record, "remove");

  if (!position->is_event_source || hash == position->phase)
    return;
  position->phase = hash;
  APPEND (out, "event: state\ndata: {\"state\":");
  if (commits)
    APPEND (out, "\"committing\",");
  else
    APPEND (out, "\"running\",");
  append_phase (out, record);
  APPEND (out, ",\"time\":");
  append_number (out, log_time_parse (record->time));
  APPEND (out, "}\n\n");
}

static void
append_final_state (GString *out, const SsePosition *position, const char *state, const char *error_name,
                    const char *message, size_t length)
{
  if (!position->is_event_source)
    return;
  APPEND (out, "event: state\ndata: {\"state\":");
  append_json (out, state, strlen (state));
  if (*error_name)
    {
      APPEND (out, ",\"error_name\":");
      append_json (out, error_name, strlen (error_name));
      APPEND (out, ",\"error_message\":");
      append_json (out, message, length);
    }
  APPEND (out, "}\n\n");
}

/* What ends a stream. */
static void
append_last (GString *out, const SsePosition *position, uint64_t id, const char *line)
{
  if (position->is_text)
    append (out, line, strlen (line));
  else
    {
      append_id (out, position, id);
      append_data (out, line, strlen (line));
    }
  APPEND (out, "\n");
}

static void
append_failure (GString *out, const SsePosition *position, uint64_t id, const char *message)
{
  g_autofree char *line = g_strconcat ("[ERROR] ", message, NULL);

  append_last (out, position, id, line);
}

/* Of an ended job; @error: the record before the end, or NULL. */
static void
append_end (GString *out, SsePosition *position, const LogRecord *end, const LogRecord *error)
{
  g_autofree char *state = g_strndup (end->text, end->text_length);
  g_autofree char *message = NULL;
  const char *error_name = "";
  int code;

  if (g_str_equal (state, "failed") && error)
    {
      log_record_parse_error (error, &code, &message);
      error_name = hive_error_name (code);
    }
  append_final_state (out, position, state, error_name, message ? message : "", message ? strlen (message) : 0);
  if (g_str_equal (state, "failed"))
    append_failure (out, position, end->next, message ? message : "The job failed");
  else
    append_last (out, position, end->next, g_str_equal (state, "cancelled") ? "[CANCELLED]" : "[DONE]");
  position->ended = true;
}

void
sse_encode_end (SsePosition *position, const char *state, const char *error_name, const char *message, GString *out)
{
  append_final_state (out, position, state, error_name, message, strlen (message));
  if (g_str_equal (state, "failed"))
    append_failure (out, position, position->cursor, *message ? message : "The job failed");
  else
    append_last (out, position, position->cursor, g_str_equal (state, "cancelled") ? "[CANCELLED]" : "[DONE]");
  position->ended = true;
}

static void
append_record (GString *out, SsePosition *position, const LogRecord *record)
{
  append_state (out, position, record);
  switch (record->stream)
    {
    case LOG_STREAM_NOTE:
    case LOG_STREAM_OUT:
    case LOG_STREAM_ERR:
      append_message (out, position, record->next, record->text, record->text_length);
      break;
    case LOG_STREAM_PROGRESS:
      append_progress (out, position, record);
      break;
    case LOG_STREAM_ERROR: /* one that the job outlived */
      {
        g_autofree char *message = NULL;
        int code;

        log_record_parse_error (record, &code, &message);
        append_message (out, position, record->next, message, strlen (message));
        break;
      }
    case LOG_STREAM_RESULT:
    case LOG_STREAM_END:
    default:
      break;
    }
}

/* The record in the line at @line, if it is one. */
static bool
line_parse (const SsePosition *position, const char *line, const char *newline, LogRecord *ret_record)
{
  size_t length = (size_t)(newline - line);

  /* A longer line cannot be ours. */
  if (length > LOG_RECORD_MAX || !log_record_parse (line, length, ret_record))
    return false;
  ret_record->cursor = position->cursor;
  ret_record->next = position->cursor + length + 1;
  return true;
}

/* Takes the line at @line and, after an `error`, perhaps the next one too. Where to go on; NULL: not yet. */
static const char *
sse_take (SsePosition *position, const char *line, const char *newline, const char *end, GString *out)
{
  LogRecord record;
  const char *second;

  if (!line_parse (position, line, newline, &record))
    {
      position->cursor += (size_t)(newline + 1 - line);
      return newline + 1;
    }
  if (record.stream == LOG_STREAM_ERROR)
    {
      SsePosition after = *position;
      LogRecord next;

      second = memchr (newline + 1, '\n', (size_t)(end - newline - 1));
      if (!second)
        return NULL;
      after.cursor = record.next;
      if (line_parse (&after, newline + 1, second, &next) && next.stream == LOG_STREAM_END)
        {
          append_end (out, position, &next, &record);
          position->cursor = next.next;
          return second + 1;
        }
    }
  if (record.stream == LOG_STREAM_END)
    append_end (out, position, &record, NULL);
  else
    append_record (out, position, &record);
  position->cursor = record.next;
  return newline + 1;
}

void
sse_encode (SsePosition *position, const char *log, size_t size, GString *out, size_t limit)
{
  const char *line = log;
  const char *end = log + size;
  const char *newline;

  while (!position->ended && out->len < limit && (newline = memchr (line, '\n', (size_t)(end - line))))
    {
      line = sse_take (position, line, newline, end, out);
      if (!line)
        break;
    }
}
