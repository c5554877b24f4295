/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "version.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define DIGITS  G_CSET_DIGITS
#define LETTERS G_CSET_A_2_Z G_CSET_a_2_z

typedef struct
{
  const char *text;
  size_t length;
} Part;

typedef struct
{
  Part epoch, version, release; /* without a release, its text is NULL */
} Version;

static Version
version_split (const char *text)
{
  size_t digits = strspn (text, DIGITS);
  Version version = { .epoch = { "0", 1 } };
  const char *release;

  if (text[digits] == ':')
    {
      if (digits > 0)
        version.epoch = (Part){ text, digits };
      text += digits + 1;
    }
  release = strrchr (text, '-');
  if (release)
    version.release = (Part){ release + 1, strlen (release + 1) };
  version.version = (Part){ text, release ? (size_t)(release - text) : strlen (text) };
  return version;
}

static size_t
part_span (Part part, const char *accept)
{
  size_t length = 0;

  while (length < part.length && strchr (accept, part.text[length]))
    length++;
  return length;
}

static Part
part_skip (Part part, size_t length)
{
  return (Part){ part.text + length, part.length - length };
}

static size_t
part_separators (Part part)
{
  size_t length = 0;

  while (length < part.length && !g_ascii_isalnum (part.text[length]))
    length++;
  return length;
}

static int
sign (int64_t difference)
{
  return (difference > 0) - (difference < 0);
}

static int
part_compare_texts (Part a, Part b)
{
  int order = memcmp (a.text, b.text, MIN (a.length, b.length));

  return order ? sign (order) : sign ((int64_t)a.length - (int64_t)b.length);
}

/* Of any length: the one with more digits is greater. */
static int
part_compare_numbers (Part a, Part b)
{
  a = part_skip (a, part_span (a, "0"));
  b = part_skip (b, part_span (b, "0"));
  return a.length == b.length ? part_compare_texts (a, b) : sign ((int64_t)a.length - (int64_t)b.length);
}

/* Numbers and words in turn, until two differ. A number is newer than a word, and a word is older than nothing: 1.0beta
 * comes before 1.0, but 1.0.beta after it. */
static int
part_compare (Part a, Part b)
{
  bool more_a, more_b;

  if (a.length == b.length && memcmp (a.text, b.text, a.length) == 0)
    return 0;
  while (a.length > 0 && b.length > 0)
    {
      size_t separators_a = part_separators (a), separators_b = part_separators (b);
      size_t length_a, length_b;
      bool number;
      int order;

      a = part_skip (a, separators_a);
      b = part_skip (b, separators_b);
      if (a.length == 0 || b.length == 0)
        break;
      if (separators_a != separators_b)
        return separators_a < separators_b ? -1 : 1;

      number = g_ascii_isdigit (*a.text);
      length_a = part_span (a, number ? DIGITS : LETTERS);
      length_b = part_span (b, number ? DIGITS : LETTERS);
      if (length_b == 0)
        return number ? 1 : -1;
      order = number ? part_compare_numbers ((Part){ a.text, length_a }, (Part){ b.text, length_b }) :
                       part_compare_texts ((Part){ a.text, length_a }, (Part){ b.text, length_b });
      if (order)
        return order;
      a = part_skip (a, length_a);
      b = part_skip (b, length_b);
    }

  more_a = a.length > 0;
  more_b = b.length > 0;
  if (!more_a && !more_b)
    return 0;
  if (more_a)
    return g_ascii_isalpha (*a.text) ? -1 : 1;
  return g_ascii_isalpha (*b.text) ? 1 : -1;
}

int
version_compare (const char *a, const char *b)
{
  Version first = version_split (a), second = version_split (b);
  int order = part_compare (first.epoch, second.epoch);

  if (order == 0)
    order = part_compare (first.version, second.version);
  if (order == 0 && first.release.text && second.release.text)
    order = part_compare (first.release, second.release);
  return order;
}
