/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "counter.h"

#include <glib.h>
#include <string.h>

#define INTERVAL (G_USEC_PER_SEC / 5)

void
counter_take (Counter *counter, const char *line, size_t length)
{
  const char *close = length > 0 && *line == '[' ? memchr (line, ']', MIN (length, sizeof counter->seen)) : NULL;
  const char *start = line + 1;
  char text[sizeof counter->seen];

  if (!close)
    return;
  while (*start == ' ')
    start++;
  memcpy (text, start, (size_t)(close - start));
  text[close - start] = '\0';
  /* Of digits alone: [0x1/2] and [-1%] are something else. */
  if (strspn (text, "0123456789/%") == strlen (text) && log_progress_parse (text) >= 0)
    memcpy (counter->seen, text, sizeof text);
}

int64_t
counter_due (const Counter *counter)
{
  return g_str_equal (counter->seen, counter->told) ? INT64_MAX : counter->next;
}

void
counter_tell (Counter *counter, LogWriter *writer, const char *phase, bool last)
{
  int64_t now;

  if (g_str_equal (counter->seen, counter->told))
    return;
  now = g_get_monotonic_time ();
  if (!last && now < counter->next)
    return;
  memcpy (counter->told, counter->seen, sizeof counter->told);
  counter->next = now + INTERVAL;
  log_writer_write (writer, phase, LOG_STREAM_PROGRESS, counter->told, -1);
}
