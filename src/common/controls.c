/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "controls.h"

#include <string.h>

bool
character_is_control (gunichar character)
{
  return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x61c || character == 0x200e ||
         character == 0x200f || (character >= 0x2028 && character <= 0x202e) ||
         (character >= 0x2066 && character <= 0x2069);
}

bool
controls_are_in (const char *text, const char *allowed)
{
  for (; *text; text = g_utf8_next_char (text))
    {
      gunichar character;

      while (*text >= 0x20 && *text < 0x7f) /* most of what there is */
        text++;
      if (!*text)
        break;
      character = g_utf8_get_char (text);
      if (character_is_control (character) && !(character < 0x80 && strchr (allowed, (int)character)))
        return true;
    }
  return false;
}

char *
controls_visible (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *visible = g_string_new (NULL);

  for (const char *at = valid; *at; at = g_utf8_next_char (at))
    {
      gunichar character = g_utf8_get_char (at);

      if (!character_is_control (character) || character == '\n' || character == '\t')
        g_string_append_unichar (visible, character);
      else if (character < 0x80)
        g_string_append_printf (visible, "^%c", (char)(character ^ 0x40));
      else
        g_string_append_printf (visible, "<U+%04X>", character);
    }
  return g_string_free (visible, FALSE);
}
