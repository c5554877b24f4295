/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "size.h"

#include <glib.h>

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

bool
size_from_string (const char *text, uint64_t *ret_size)
{
  static const char suffixes[] = "KMGT";
  char *end = NULL;
  uint64_t size;
  int shift = 0;

  if (!g_ascii_isdigit (*text))
    return false;

  size = g_ascii_strtoull (text, &end, 10);
  for (int i = 0; suffixes[i]; i++)
    if (*end == suffixes[i])
      {
        shift = 10 * (i + 1);
        end++;
        break;
      }

  if (*end || size > (UINT64_MAX >> 1) >> shift)
    return false;

  *ret_size = size << shift;
  return true;
}
