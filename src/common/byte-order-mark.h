/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <string.h>

/* How many bytes of @text are the mark that editors and shells of Windows put at the head of UTF-8, where it says
 * nothing: 3 or 0. */
static inline size_t
byte_order_mark_length (const char *text, size_t length)
{
  static const char mark[] = "\xef\xbb\xbf";

  return length >= strlen (mark) && memcmp (text, mark, strlen (mark)) == 0 ? strlen (mark) : 0;
}
