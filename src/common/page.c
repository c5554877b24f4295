/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "page.h"

#include <glib.h>
#include <string.h>

#define LOOKED_AT 512

const char *
page_describe (const char *text, size_t length)
{
  static const char *const listings[] = { "<title>directory listing for", "<title>index of ", "<h1>index of " };
  g_autofree char *lower = NULL;
  const char *start;

  if (length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
    {
      text += 3;
      length -= 3;
    }
  lower = g_ascii_strdown (text, (gssize)MIN (length, LOOKED_AT));
  start = lower + strspn (lower, " \t\r\n");
  if (!g_str_has_prefix (start, "<!doctype html") && !g_str_has_prefix (start, "<html"))
    return NULL;
  for (size_t i = 0; i < G_N_ELEMENTS (listings); i++)
    if (strstr (lower, listings[i]))
      return "a listing of a folder (HTML)";
  return "a web page (HTML)";
}
