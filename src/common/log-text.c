/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log-text.h"

#include <stdint.h>
#include <string.h>

#include "controls.h"

bool
log_text_is_plain (const char *text, size_t length)
{
  size_t i = 0;

  /* Blocks of a fixed size, without a branch inside, become vector instructions. */
  for (; i + 64 <= length; i += 64)
    {
      uint8_t odd = 0;

      for (int j = 0; j < 64; j++)
        {
          uint8_t c = text[i + j];
          odd |= (uint8_t)(c - 0x20) >= 0x5f && c != '\t';
        }
      if (odd)
        return false;
    }

  for (; i < length; i++)
    if ((uint8_t)(text[i] - 0x20) >= 0x5f && text[i] != '\t')
      return false;

  return true;
}

/* The length of the SGR sequence at @text (ESC [ digits ; : … m), 0 when there is none. @ret_escape: the length of
 * whatever sequence it is instead, at least 1, so that the whole of it can be dropped. */
static size_t
log_text_sgr (const char *text, size_t length, size_t *ret_escape)
{
  size_t i = 1;

  *ret_escape = 1;
  if (length < 2)
    return 0;

  if (text[1] == '[')
    {
      for (i = 2; i < length && (uint8_t)text[i] >= 0x20 && (uint8_t)text[i] < 0x40; i++)
        ;
      if (i == length)
        *ret_escape = length;
      else if ((uint8_t)text[i] >= 0x40 && (uint8_t)text[i] < 0x7f)
        *ret_escape = i + 1;
      else
        *ret_escape = i;
      if (i < length && text[i] == 'm' && strspn (text + 2, "0123456789;:") >= i - 2)
        return i + 1;
      return 0;
    }

  if (text[1] == ']' || text[1] == 'P' || text[1] == '_' || text[1] == '^')
    {
      /* A title, a link, a device string: up to BEL or ESC \. */
      for (i = 2; i < length && text[i] != '\a'; i++)
        if (text[i] == '\033' && i + 1 < length && text[i + 1] == '\\')
          {
            *ret_escape = i + 2;
            return 0;
          }
      *ret_escape = i < length ? i + 1 : length;
      return 0;
    }

  /* ESC, intermediates, one final byte: charset choices and the like. */
  for (; i < length && (uint8_t)text[i] >= 0x20 && (uint8_t)text[i] < 0x30; i++)
    ;
  *ret_escape = MIN (i + 1, length);
  if (i < length && ((uint8_t)text[i] < 0x30 || (uint8_t)text[i] > 0x7e))
    *ret_escape = i;
  return 0;
}

/* What stood last on the terminal: the text after the last carriage return that something followed. */
static const char *
log_text_after_return (const char *text, size_t *length)
{
  const char *last;

  while (*length > 0 && text[*length - 1] == '\r')
    (*length)--;

  last = memrchr (text, '\r', *length);
  if (!last)
    return text;

  *length -= last + 1 - text;
  return last + 1;
}

void
log_text_clean (GString *buffer, const char *text, size_t length)
{
  text = log_text_after_return (text, &length);

  for (size_t i = 0; i < length;)
    {
      uint8_t c = text[i];
      gunichar wide;

      if (c == '\033')
        {
          size_t escape, sgr = log_text_sgr (text + i, length - i, &escape);

          g_string_append_len (buffer, text + i, sgr);
          i += MAX (sgr, escape);
        }
      else if (c == '\n')
        {
          g_string_append_c (buffer, ' ');
          i++;
        }
      else if (c < 0x20 || c == 0x7f)
        {
          if (c == '\t')
            g_string_append_c (buffer, c);
          i++;
        }
      else if (c < 0x80)
        {
          g_string_append_c (buffer, c);
          i++;
        }
      else
        {
          wide = g_utf8_get_char_validated (text + i, length - i);
          if (wide == (gunichar)-1 || wide == (gunichar)-2)
            {
              g_string_append (buffer, "\357\277\275");
              i++;
              continue;
            }
          /* Noncharacters are valid UTF-8, but libsystemd refuses strings that have them. */
          if ((wide >= 0xfdd0 && wide <= 0xfdef) || (wide & 0xfffe) == 0xfffe)
            g_string_append (buffer, "\357\277\275");
          else if (wide == 0x2028 || wide == 0x2029) /* a line break, like '\n' */
            g_string_append_c (buffer, ' ');
          else if (!character_is_control (wide))
            g_string_append_len (buffer, text + i, g_utf8_skip[c]);
          i += g_utf8_skip[c];
        }
    }
}
