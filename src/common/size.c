/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "size.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

char *
size_to_string (uint64_t size)
{
  static const char *const units[] = { "KB", "MB", "GB", "TB" };
  double value = size;
  int unit = -1;

  /* 1023.95 would print as "1024.0". */
  while (value >= (unit < 0 ? 1024 : 1023.95) && unit + 1 < (int)G_N_ELEMENTS (units))
    {
      value /= 1024;
      unit++;
    }

  if (unit < 0)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " B", size);

  return g_strdup_printf ("%.1f %s", value, units[unit]);
}

/* "B", "K", "KB", "KiB" and on: all powers of 1024. Returns what follows, and by how much the unit shifts. */
static const char *
skip_unit (const char *text, int *ret_shift)
{
  static const char units[] = "KMGTPE";
  const char *unit = *text ? strchr (units, *text) : NULL;

  *ret_shift = unit ? 10 * (int)(unit - units + 1) : 0;
  if (unit)
    text += g_str_has_prefix (text + 1, "iB") ? 3 : text[1] == 'B' ? 2 : 1;
  else if (*text == 'B')
    text++;
  return text;
}

/* One number with its unit, before @limit (what the unit of the one before it stood for): 0 is none yet. */
static const char *
size_read_part (const char *text, int *limit, uint64_t *size)
{
  char *end;
  uint64_t whole, shifted;
  double fraction = 0;
  int shift;

  if (!g_ascii_isdigit (*text))
    return NULL;
  errno = 0;
  whole = g_ascii_strtoull (text, &end, 10);
  if (errno != 0)
    return NULL;
  if (*end == '.')
    {
      size_t digits = strspn (end + 1, G_CSET_DIGITS);
      g_autofree char *number = g_strdup_printf ("0.%.*s", (int)digits, end + 1);

      if (digits == 0)
        return NULL;
      fraction = g_ascii_strtod (number, NULL);
      end += 1 + digits;
    }
  text = skip_unit (end + strspn (end, " \t"), &shift);
  if (whole > (UINT64_MAX >> 1) >> shift || shift >= *limit)
    return NULL;
  shifted = (whole << shift) + (uint64_t)(fraction * (double)(1ULL << shift));
  if (shifted > (UINT64_MAX >> 1) - *size)
    return NULL;
  *limit = shift;
  *size += shifted;
  return text + strspn (text, " \t");
}

bool
size_from_string (const char *text, uint64_t *ret_size)
{
  uint64_t size = 0;
  int limit = 64;

  if (g_str_equal (text, "infinity"))
    {
      *ret_size = INT64_MAX;
      return true;
    }
  do
    {
      text = size_read_part (text, &limit, &size);
      if (!text)
        return false;
    }
  while (*text);
  *ret_size = size;
  return true;
}
