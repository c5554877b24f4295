/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sentence.h"

#include <glib.h>
#include <glib/gi18n.h>
#include <stdbool.h>
#include <string.h>

#include "config.h"

/* Fewer letters of its own say too little of which sentence it is, when values stand in it. */
#define OWN_LETTERS 8

#define DEPTH_MAX 3
#define ERRNO_MAX 133 /* EHWPOISON, the last of Linux */

static const char *const sentence_ids[] = {
#include "sentences.inc"
};

/* A message of C's printf: what stands around its values, and of which kind each value is. */
typedef struct
{
  GPtrArray *literals; /* one more than there are values */
  GString *kinds;      /* "su": a text and a number */
  GArray *places;      /* which value stands there: %2$s is 1 */
} Format;

static void
format_clear (Format *format)
{
  if (!format->literals)
    return;
  g_ptr_array_unref (format->literals);
  g_string_free (format->kinds, TRUE);
  g_array_unref (format->places);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Format, format_clear)

/* The length of the directive at @at, a %, with its letter; *ret_place: the number before its $, or 0. */
static size_t
directive_read (const char *at, unsigned *ret_place, char *ret_kind)
{
  const char *end = at + 1;
  size_t digits = strspn (end, "0123456789");

  *ret_place = 0;
  if (digits > 0 && end[digits] == '$')
    {
      *ret_place = (unsigned)g_ascii_strtoull (end, NULL, 10);
      end += digits + 1;
    }
  end += strspn (end, "-+ #0123456789.*hlzjt");
  *ret_kind = *end;
  return (size_t)(end - at) + (*end ? 1 : 0);
}

static void
format_parse (Format *format, const char *text)
{
  g_autoptr (GString) literal = g_string_new (NULL);

  *format = (Format){ .literals = g_ptr_array_new_with_free_func (g_free),
                      .kinds = g_string_new (NULL),
                      .places = g_array_new (FALSE, FALSE, sizeof (unsigned)) };
  while (*text)
    {
      unsigned place = 0;
      char kind = 0;
      size_t length = *text == '%' ? directive_read (text, &place, &kind) : 1;

      if (*text != '%' || kind == '%')
        g_string_append_c (literal, *text);
      else
        {
          place = place > 0 ? place - 1 : format->places->len;
          g_array_append_val (format->places, place);
          g_string_append_c (format->kinds, kind);
          g_ptr_array_add (format->literals, g_strdup (literal->str));
          g_string_truncate (literal, 0);
        }
      text += length;
    }
  g_ptr_array_add (format->literals, g_strdup (literal->str));
}

static bool
format_says_enough (const Format *format)
{
  unsigned letters = 0;

  for (guint i = 0; i < format->literals->len; i++)
    for (const char *at = format->literals->pdata[i]; *at; at++)
      letters += g_ascii_isalpha (*at) ? 1 : 0;
  return format->kinds->len == 0 || letters >= OWN_LETTERS;
}

static bool
value_is_of_kind (const char *value, size_t length, char kind)
{
  return kind == 's' || kind == 'c' || (length > 0 && strspn (value, "-0123456789abcdef") >= length);
}

/* The values in @sentence, if it is made of @format; else NULL. It may quote what a stranger wrote, so each of its
 * letters is looked at once. */
static GPtrArray *
format_match (const Format *format, const char *sentence)
{
  guint last = format->literals->len - 1;
  const char *first = format->literals->pdata[0], *tail = format->literals->pdata[last];
  const char *from = sentence + strlen (first), *end = sentence + strlen (sentence);
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func (g_free);

  if (last == 0)
    return g_str_equal (sentence, first) ? g_steal_pointer (&values) : NULL;
  if (!g_str_has_prefix (sentence, first) || !g_str_has_suffix (sentence, tail))
    return NULL;
  for (guint i = 1; i <= last; i++)
    {
      const char *literal = format->literals->pdata[i];
      const char *to = i == last ? end - strlen (tail) : strstr (from, literal);

      if (!to || to < from || !value_is_of_kind (from, (size_t)(to - from), format->kinds->str[i - 1]))
        return NULL;
      g_ptr_array_add (values, g_strndup (from, (size_t)(to - from)));
      from = to + strlen (literal);
    }
  return g_steal_pointer (&values);
}

/* @text with @values, which a translation may have in another order. */
static char *
format_fill (const char *text, const GPtrArray *values)
{
  g_auto (Format) format = { 0 };
  GString *filled = g_string_new (NULL);

  format_parse (&format, text);
  for (guint i = 0; i < format.literals->len; i++)
    {
      unsigned place = i < format.places->len ? g_array_index (format.places, unsigned, i) : values->len;

      g_string_append (filled, format.literals->pdata[i]);
      if (place < values->len)
        g_string_append (filled, values->pdata[place]);
    }
  return g_string_free (filled, FALSE);
}

static GPtrArray *
id_match (const char *id, const char *sentence)
{
  g_auto (Format) format = { 0 };

  format_parse (&format, id);
  return format_says_enough (&format) ? format_match (&format, sentence) : NULL;
}

/* The message that @sentence is made of, and its values. The one that says more itself is the one that was meant. */
static const char *
sentence_find (const char *sentence, GPtrArray **ret_values)
{
  const char *best = NULL;

  for (size_t i = 0; i < G_N_ELEMENTS (sentence_ids); i++)
    {
      GPtrArray *values =
          best && strlen (best) >= strlen (sentence_ids[i]) ? NULL : id_match (sentence_ids[i], sentence);

      if (!values)
        continue;
      g_clear_pointer (ret_values, g_ptr_array_unref);
      *ret_values = values;
      best = sentence_ids[i];
    }
  return best;
}

static char *sentence_translate_within (const char *sentence, unsigned depth);

/* Two that were put together: what is wrong, and what to do. */
static char *
sentence_translate_parts (const char *sentence, unsigned depth)
{
  const char *end = strstr (sentence, ". ");
  g_autofree char *first = NULL, *rest = NULL;
  g_autofree char *said = NULL;

  if (!end || depth >= DEPTH_MAX)
    return g_strdup (sentence);
  first = g_strndup (sentence, (size_t)(end - sentence));
  said = sentence_translate_within (first, depth + 1);
  rest = sentence_translate_within (end + strlen (". "), depth + 1);
  return g_strconcat (said, ". ", rest, NULL);
}

/* What the system says of an error is behind the sentence, as hive_error_set_errno() puts it; NULL: nothing. */
static const char *
sentence_find_cause (const char *sentence)
{
  for (int number = 1; number <= ERRNO_MAX; number++)
    {
      const char *words = strerrordesc_np (number);

      if (words && g_str_has_suffix (sentence, words) && strlen (sentence) > strlen (words) + strlen (": ") &&
          g_str_has_prefix (sentence + strlen (sentence) - strlen (words) - strlen (": "), ": "))
        return words;
    }
  return NULL;
}

/* A message that has no place for a cause would take it for a part of its last value. */
static char *
sentence_translate_caused (const char *sentence, const char *id, unsigned depth)
{
  const char *cause = depth < DEPTH_MAX ? sentence_find_cause (sentence) : NULL;
  g_autofree char *before = cause ? g_strndup (sentence, strlen (sentence) - strlen (cause) - strlen (": ")) : NULL;
  g_autoptr (GPtrArray) values = NULL;
  g_autofree char *said = NULL;

  if (!cause || sentence_find (before, &values) != id)
    return NULL;
  said = sentence_translate_within (before, depth + 1);
  return g_strconcat (said, ": ", dgettext ("libc", cause), NULL);
}

static char *
sentence_translate_within (const char *sentence, unsigned depth)
{
  g_autoptr (GPtrArray) values = NULL;
  const char *id = sentence_find (sentence, &values);
  char *caused = id ? sentence_translate_caused (sentence, id, depth) : NULL;

  if (caused)
    return caused;
  if (!id)
    return sentence_translate_parts (sentence, depth);
  for (guint i = 0; depth < DEPTH_MAX && i < values->len; i++)
    {
      char *value = values->pdata[i];

      values->pdata[i] = sentence_translate_within (value, depth + 1);
      g_free (value);
    }
  return format_fill (g_dgettext (GETTEXT_PACKAGE, id), values);
}

char *
sentence_translate (const char *sentence)
{
  /* The head of a language's messages: where there is none, English is the language. */
  return *g_dgettext (GETTEXT_PACKAGE, "") ? sentence_translate_within (sentence, 0) : g_strdup (sentence);
}
