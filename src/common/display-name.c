/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display-name.h"

#include <glib.h>

#include "controls.h"

#define CHARACTERS_MAX 100

char *
display_name_clean (const char *said)
{
  g_autofree char *line = NULL;
  g_autofree char *start = NULL;

  if (!said || !g_utf8_validate (said, -1, NULL))
    return NULL;
  line = g_strstrip (g_strdelimit (g_strdup (said), "\n\t", ' ')); /* what a text of a catalog may have */
  if (!*line || controls_are_in (line, ""))
    return NULL;
  if (g_utf8_strlen (line, -1) <= CHARACTERS_MAX)
    return g_steal_pointer (&line);
  start = g_utf8_substring (line, 0, CHARACTERS_MAX - 1);
  return g_strconcat (start, "…", NULL);
}
