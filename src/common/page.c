/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "page.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define LOOKED_AT 512

/* Behind what may stand before the first element: a declaration, comments. */
static const char *
skip_prolog (const char *text)
{
  for (;;)
    {
      const char *end;

      text += strspn (text, " \t\r\n");
      if (g_str_has_prefix (text, "<?xml"))
        end = strstr (text, "?>");
      else if (g_str_has_prefix (text, "<!--"))
        end = strstr (text, "-->");
      else
        return text;
      if (!end)
        return "";
      text = strchr (end, '>') + 1;
    }
}

const char *
page_describe (const char *text, size_t length)
{
  static const char *const listings[] = { "<title>directory listing for", "<title>index of ", "<h1>index of " };
  static const char *const pages[] = { "<!doctype html", "<html", "<head", "<body", "<title", "<meta ", "<script" };
  g_autofree char *lower = NULL;
  const char *start;
  bool page = false;

  if (length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
    {
      text += 3;
      length -= 3;
    }
  lower = g_ascii_strdown (text, (gssize)MIN (length, LOOKED_AT));
  start = skip_prolog (lower);
  if (g_str_has_prefix (start, "<listbucketresult"))
    return "a listing of a folder (XML)";
  if (g_str_has_prefix (start, "<error>"))
    return "an error of a store of files (XML)";
  for (size_t i = 0; !page && i < G_N_ELEMENTS (pages); i++)
    page = g_str_has_prefix (start, pages[i]);
  if (!page)
    return NULL;
  for (size_t i = 0; i < G_N_ELEMENTS (listings); i++)
    if (strstr (lower, listings[i]))
      return "a listing of a folder (HTML)";
  return "a web page (HTML)";
}
