/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "text.h"

#include <stdbool.h>
#include <string.h>

#include "controls.h"

static unsigned
text_char_width (gunichar character)
{
  if (g_unichar_iszerowidth (character))
    return 0;
  return g_unichar_iswide (character) ? 2 : 1;
}

unsigned
text_width (const char *text)
{
  unsigned width = 0;

  for (; *text; text = g_utf8_next_char (text))
    width += text_char_width (g_utf8_get_char (text));
  return width;
}

/* Other character sets may have none that is one column wide. */
static const char *
text_ellipsis (void)
{
  return g_get_charset (NULL) ? "…" : "...";
}

char *
text_for_locale (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "…", -1);

  return g_strjoinv (text_ellipsis (), parts);
}

char *
text_cut (const char *text, unsigned width)
{
  unsigned taken = 0;
  const char *end = text;

  if (text_width (text) <= width)
    return g_strdup (text);
  if (width == 0)
    return g_strdup ("");

  for (; *end; end = g_utf8_next_char (end))
    {
      taken += text_char_width (g_utf8_get_char (end));
      if (taken > width - MIN (width, text_width (text_ellipsis ())))
        break;
    }
  return g_strdup_printf ("%.*s%s", (int)(end - text), text, text_ellipsis ());
}

char *
text_line (const char *text)
{
  GString *line = g_string_new (NULL);

  for (; *text; text = g_utf8_next_char (text))
    {
      gunichar character = g_utf8_get_char (text);

      if (g_unichar_isspace (character))
        character = ' ';
      g_string_append_unichar (line, character_is_control (character) ? '?' : character);
    }
  return g_string_free (line, FALSE);
}

char *
text_without_colors (const char *text)
{
  GString *plain = g_string_sized_new (strlen (text));

  while (*text)
    {
      size_t sgr = g_str_has_prefix (text, "\033[") ? 2 + strspn (text + 2, "0123456789;:") : 0;

      if (sgr > 0 && text[sgr] == 'm')
        text += sgr + 1;
      else
        g_string_append_c (plain, *text++);
    }
  return g_string_free (plain, FALSE);
}
