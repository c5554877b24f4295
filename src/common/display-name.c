/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display-name.h"

#include <glib.h>
#include <stdbool.h>

#include "controls.h"

#define CHARACTERS_MAX 100

/* Whether a person sees anything of it. Some letters have no shape: fillers of Hangul, and Braille without a dot. */
static bool
display_name_is_visible (const char *line)
{
  for (; *line; line = g_utf8_next_char (line))
    {
      gunichar c = g_utf8_get_char (line);

      if (g_unichar_isgraph (c) && !g_unichar_iszerowidth (c) && c != 0x115f && c != 0x2800 && c != 0x3164 &&
          c != 0xffa0)
        return true;
    }
  return false;
}

char *
display_name_clean (const char *said)
{
  g_autofree char *line = NULL;
  g_autofree char *start = NULL;

  if (!said || !g_utf8_validate (said, -1, NULL))
    return NULL;
  line = g_strstrip (g_strdelimit (g_strdup (said), "\n\t", ' ')); /* what a text of a catalog may have */
  if (controls_are_in (line, "") || !display_name_is_visible (line))
    return NULL;
  if (g_utf8_strlen (line, -1) <= CHARACTERS_MAX)
    return g_steal_pointer (&line);
  start = g_utf8_substring (line, 0, CHARACTERS_MAX - 1);
  return g_strconcat (start, "…", NULL);
}
