/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "complaint.h"

#include <string.h>

#include "fetch.h"

#define LINES_MAX  4
#define LENGTH_MAX 600 /* bytes */

static bool
line_says_why (const char *line)
{
  static const char *const others[] = { "hint:",
                                        "Cloning into ",
                                        "warning: redirecting",
                                        "remote: Enumerating",
                                        "remote: Counting",
                                        "remote: Compressing",
                                        "remote: Total",
                                        "Receiving objects",
                                        "Resolving deltas" };

  for (size_t i = 0; i < G_N_ELEMENTS (others); i++)
    if (g_str_has_prefix (line, others[i]))
      return false;
  return *line != '\0';
}

char *
complaint_of (const char *said, const char *url)
{
  g_autofree char *shown = fetch_redact (url);
  g_auto (GStrv) lines = g_strsplit (said, "\n", -1);
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();
  GString *text = g_string_new (NULL);
  g_autofree char *cut = NULL;

  for (char **line = lines; *line; line++)
    if (line_says_why (g_strstrip (*line)))
      g_ptr_array_add (kept, *line);
  for (guint i = kept->len > LINES_MAX ? kept->len - LINES_MAX : 0; i < kept->len; i++)
    g_string_append_printf (text, "%s%s", text->len > 0 ? "; " : "", (char *)kept->pdata[i]);
  if (text->len == 0)
    g_string_append (text, "it said nothing");
  g_string_replace (text, url, shown, 0);
  cut = g_string_free (text, FALSE);
  return g_utf8_make_valid (cut, MIN (strlen (cut), LENGTH_MAX));
}
