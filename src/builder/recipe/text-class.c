/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "text-class.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

/* The character at @at and its length in bytes; of a text that isn't @valid, a byte, which is of no class from 0x80 on.
 */
static wint_t
text_character (const char *at, bool valid, size_t *ret_length)
{
  mbstate_t state = { 0 };
  wchar_t character;
  size_t length = valid ? mbrtowc (&character, at, MB_CUR_MAX, &state) : 0;

  if (length == 0 || length > MB_CUR_MAX)
    {
      *ret_length = 1;
      return (unsigned char)*at < 0x80 ? (unsigned char)*at : WEOF;
    }
  *ret_length = length;
  return character;
}

static bool
text_is_valid (const char *text)
{
  return mbstowcs (NULL, text, 0) != (size_t)-1;
}

bool
text_has_space (const char *text)
{
  bool valid = text_is_valid (text);

  for (size_t length; *text; text += length)
    if (iswspace (text_character (text, valid, &length)))
      return true;
  return false;
}

const char *
text_find_before_space (const char *text, char wanted)
{
  bool valid = text_is_valid (text);
  size_t length;

  for (const char *at = strchr (text, wanted); at; at = strchr (at + 1, wanted))
    if (iswspace (text_character (at + 1, valid, &length)))
      return at;
  return NULL;
}

bool
text_is_ascii (const char *text)
{
  for (; *text; text++)
    if ((unsigned char)*text >= 0x80)
      return false;
  return true;
}

char *
text_not_alphanumeric (const char *text, const char *others)
{
  GString *found = g_string_new (NULL);
  bool valid = text_is_valid (text);

  for (size_t length; *text; text += length)
    {
      wint_t character = text_character (text, valid, &length);

      if (!iswalnum (character) && !(character < 0x80 && strchr (others, (int)character)))
        g_string_append_len (found, text, length);
    }
  return g_string_free (found, FALSE);
}

void
text_append_normalized (GString *to, const char *text)
{
  bool valid = text_is_valid (text);
  bool in_space = false;

  for (size_t length; *text; text += length)
    {
      bool space = iswspace (text_character (text, valid, &length));

      if (!space)
        g_string_append_len (to, text, length);
      else if (!in_space)
        g_string_append_c (to, ' ');
      in_space = space;
    }
}
