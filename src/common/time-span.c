/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "time-span.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

/* libsystemd keeps its own parser to itself. */
static const struct
{
  const char *name;
  uint64_t usec;
} units[] = {
  { "seconds", TIME_SECOND },
  { "second", TIME_SECOND },
  { "sec", TIME_SECOND },
  { "s", TIME_SECOND },
  { "minutes", 60 * TIME_SECOND },
  { "minute", 60 * TIME_SECOND },
  { "min", 60 * TIME_SECOND },
  { "m", 60 * TIME_SECOND },
  { "hours", 3600 * TIME_SECOND },
  { "hour", 3600 * TIME_SECOND },
  { "hr", 3600 * TIME_SECOND },
  { "h", 3600 * TIME_SECOND },
  { "days", TIME_DAY },
  { "day", TIME_DAY },
  { "d", TIME_DAY },
  { "weeks", 7 * TIME_DAY },
  { "week", 7 * TIME_DAY },
  { "w", 7 * TIME_DAY },
  { "months", 2629800 * TIME_SECOND },
  { "month", 2629800 * TIME_SECOND },
  { "M", 2629800 * TIME_SECOND },
  { "years", 31557600 * TIME_SECOND },
  { "year", 31557600 * TIME_SECOND },
  { "y", 31557600 * TIME_SECOND },
  { "msec", TIME_SECOND / 1000 },
  { "ms", TIME_SECOND / 1000 },
  { "usec", 1 },
  { "us", 1 },
};

/* The unit that @name is, or @bare where there is none; 0: no unit. */
static uint64_t
unit_find (const char *name, size_t length, uint64_t bare)
{
  for (size_t i = 0; i < G_N_ELEMENTS (units); i++)
    if (strlen (units[i].name) == length && strncmp (units[i].name, name, length) == 0)
      return units[i].usec;
  return length == 0 ? bare : 0;
}

/* One number with its unit. Returns what follows; NULL: it is none. */
static const char *
time_span_read_part (const char *text, uint64_t bare, uint64_t *usec)
{
  size_t digits = strspn (text, G_CSET_DIGITS), length = digits;
  g_autofree char *number = NULL;
  uint64_t unit;
  double value;

  if (text[length] == '.')
    length += 1 + strspn (text + length + 1, G_CSET_DIGITS);
  if (digits == 0 || digits > 15 || text[length - 1] == '.')
    return NULL;
  number = g_strndup (text, length);
  text += length + strspn (text + length, " \t");
  length = strspn (text, G_CSET_a_2_z G_CSET_A_2_Z);
  unit = unit_find (text, length, bare);
  value = g_ascii_strtod (number, NULL) * (double)unit;
  if (unit == 0 || value > (double)(INT64_MAX / 2) || *usec > INT64_MAX / 2)
    return NULL;
  *usec += (uint64_t)(value + 0.5);
  text += length;
  return text + strspn (text, " \t");
}

bool
time_span_parse (const char *text, uint64_t unit, uint64_t *ret_usec)
{
  uint64_t usec = 0;

  do
    {
      text = time_span_read_part (text, unit, &usec);
      if (!text)
        return false;
    }
  while (*text);
  *ret_usec = usec;
  return true;
}
