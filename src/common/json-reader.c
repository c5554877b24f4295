/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json-reader.h"

#include <glib/gi18n.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "byte-order-mark.h"
#include "controls.h"
#include "error.h"

#define SPACE         " \t\n\r"
#define KEY_SHOWN_MAX 60

typedef struct
{
  const char *text, *at, *end;
  int depth;
  GString *string; /* the last one */
  GError **error;
} JsonText;

static JsonNode *reader_value (JsonText *reader);

static bool reader_fail (JsonText *reader, const char *format, ...) G_GNUC_PRINTF (2, 3);

static bool
reader_fail (JsonText *reader, const char *format, ...)
{
  g_autofree char *what = NULL;
  unsigned line = 1;
  va_list arguments;

  for (const char *c = reader->text; c < reader->at; c++)
    line += *c == '\n';
  va_start (arguments, format);
  what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (reader->error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "line %u: %s", line, what);
  return false;
}

/* The next byte that is not a space; -1 at the end. */
static int
reader_peek (JsonText *reader)
{
  while (reader->at < reader->end && *reader->at && strchr (SPACE, *reader->at))
    reader->at++;
  return reader->at < reader->end ? (unsigned char)*reader->at : -1;
}

static bool
reader_take (JsonText *reader, char expected)
{
  if (reader_peek (reader) != expected)
    return false;
  reader->at++;
  return true;
}

/* The four digits of \u. */
static bool
reader_unit (JsonText *reader, gunichar *ret)
{
  *ret = 0;
  for (int i = 0; i < 4; i++, reader->at++)
    {
      if (reader->at == reader->end || !g_ascii_isxdigit (*reader->at))
        return reader_fail (reader, "\\u takes four hexadecimal digits");
      *ret = *ret << 4 | (gunichar)g_ascii_xdigit_value (*reader->at);
    }
  return true;
}

static bool
reader_unicode (JsonText *reader)
{
  gunichar c, low;

  if (!reader_unit (reader, &c))
    return false;
  if (c >= 0xD800 && c < 0xDC00 && reader->end - reader->at >= 2 && memcmp (reader->at, "\\u", 2) == 0)
    {
      reader->at += 2;
      if (!reader_unit (reader, &low))
        return false;
      if (low < 0xDC00 || low > 0xDFFF)
        return reader_fail (reader, "half of a surrogate pair stands alone");
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
  if (c >= 0xD800 && c <= 0xDFFF)
    return reader_fail (reader, "half of a surrogate pair stands alone");
  if (c == 0)
    return reader_fail (reader, "a string has the character NUL");
  g_string_append_unichar (reader->string, c);
  return true;
}

static bool
reader_escape (JsonText *reader)
{
  static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  char name = reader->at < reader->end ? *reader->at++ : '\0';
  const char *found = name ? strchr (names, name) : NULL;

  if (name == 'u')
    return reader_unicode (reader);
  if (!found)
    return reader_fail (reader, "after \\ comes one of \" \\ / b f n r t u");
  g_string_append_c (reader->string, meanings[found - names]);
  return true;
}

/* Into reader->string. */
static bool
reader_string (JsonText *reader)
{
  if (!reader_take (reader, '"'))
    return reader_fail (reader, "a string in double quotes is missing");
  g_string_truncate (reader->string, 0);
  for (;;)
    {
      const char *from = reader->at;

      while (reader->at < reader->end && (unsigned char)*reader->at >= 0x20 && *reader->at != '"' &&
             *reader->at != '\\')
        reader->at++;
      g_string_append_len (reader->string, from, reader->at - from);
      if (reader->at == reader->end)
        return reader_fail (reader, "a string does not end");
      if ((unsigned char)*reader->at < 0x20)
        return reader_fail (reader, "a string has a control character or a line break");
      if (*reader->at++ == '"')
        return true;
      if (!reader_escape (reader))
        return false;
    }
}

static size_t
reader_digits (JsonText *reader)
{
  const char *from = reader->at;

  while (reader->at < reader->end && g_ascii_isdigit (*reader->at))
    reader->at++;
  return (size_t)(reader->at - from);
}

static bool
reader_has (const JsonText *reader, const char *characters)
{
  return reader->at < reader->end && *reader->at && strchr (characters, *reader->at);
}

static JsonNode *
reader_number (JsonText *reader)
{
  const char *from = reader->at;
  g_autofree char *text = NULL;
  bool whole = true;
  bool fine;
  gint64 number;
  double value;

  reader->at += *reader->at == '-';
  fine = reader_has (reader, "0") ? reader->at++ != NULL : reader_digits (reader) > 0;
  if (fine && reader_has (reader, "."))
    {
      whole = false;
      reader->at++;
      fine = reader_digits (reader) > 0;
    }
  if (fine && reader_has (reader, "eE"))
    {
      whole = false;
      reader->at++;
      reader->at += reader_has (reader, "+-");
      fine = reader_digits (reader) > 0;
    }
  text = g_strndup (from, (gsize)(reader->at - from));
  value = fine ? g_ascii_strtod (text, NULL) : NAN;
  if (!isfinite (value))
    {
      reader_fail (reader, "%.40s is not a number", text);
      return NULL;
    }
  if (whole && g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &number, NULL))
    return json_node_init_int (json_node_alloc (), number);
  return json_node_init_double (json_node_alloc (), value);
}

/* A key may be as long as the text, and say anything. */
static void
reader_fail_key (JsonText *reader, const char *before, const char *key, const char *after)
{
  g_autofree char *start = g_utf8_substring (key, 0, MIN (g_utf8_strlen (key, -1), KEY_SHOWN_MAX));
  g_autofree char *shown = controls_visible (start);

  reader_fail (reader, "%s \"%s\" %s", before, shown, after);
}

static JsonNode *
reader_object (JsonText *reader)
{
  g_autoptr (JsonObject) object = json_object_new ();

  if (reader_take (reader, '}'))
    return json_node_init_object (json_node_alloc (), object);
  do
    {
      g_autofree char *key = NULL;
      JsonNode *value;

      if (!reader_string (reader))
        return NULL;
      key = g_strdup (reader->string->str);
      if (json_object_has_member (object, key))
        reader_fail_key (reader, "the key", key, "is there twice");
      else if (!reader_take (reader, ':'))
        reader_fail_key (reader, "after the key", key, "comes a colon");
      else if ((value = reader_value (reader)))
        {
          json_object_set_member (object, key, value);
          continue;
        }
      return NULL;
    }
  while (reader_take (reader, ','));
  if (reader_take (reader, '}'))
    return json_node_init_object (json_node_alloc (), object);
  reader_fail (reader, "a comma or the } of an object is missing");
  return NULL;
}

static JsonNode *
reader_array (JsonText *reader)
{
  g_autoptr (JsonArray) array = json_array_new ();

  if (reader_take (reader, ']'))
    return json_node_init_array (json_node_alloc (), array);
  do
    {
      JsonNode *value = reader_value (reader);

      if (!value)
        return NULL;
      json_array_add_element (array, value);
    }
  while (reader_take (reader, ','));
  if (reader_take (reader, ']'))
    return json_node_init_array (json_node_alloc (), array);
  reader_fail (reader, "a comma or the ] of an array is missing");
  return NULL;
}

static JsonNode *
reader_nested (JsonText *reader)
{
  JsonNode *node;

  if (++reader->depth > JSON_DEPTH_MAX)
    {
      reader_fail (reader, "it is nested deeper than %d levels", JSON_DEPTH_MAX);
      return NULL;
    }
  node = *reader->at++ == '{' ? reader_object (reader) : reader_array (reader);
  reader->depth--;
  return node;
}

static bool
reader_word (JsonText *reader, const char *word)
{
  size_t length = strlen (word);

  if ((size_t)(reader->end - reader->at) < length || memcmp (reader->at, word, length) != 0)
    return false;
  reader->at += length;
  return true;
}

static JsonNode *
reader_value (JsonText *reader)
{
  int next = reader_peek (reader);

  if (next == '{' || next == '[')
    return reader_nested (reader);
  if (next == '"')
    return reader_string (reader) ? json_node_init_string (json_node_alloc (), reader->string->str) : NULL;
  if (next == '-' || (next >= '0' && next <= '9'))
    return reader_number (reader);
  if (reader_word (reader, "true"))
    return json_node_init_boolean (json_node_alloc (), TRUE);
  if (reader_word (reader, "false"))
    return json_node_init_boolean (json_node_alloc (), FALSE);
  if (reader_word (reader, "null"))
    return json_node_init_null (json_node_alloc ());
  reader_fail (reader, next < 0 ? N_ ("a value is missing at its end") : N_ ("a value is missing"));
  return NULL;
}

JsonNode *
json_read (const char *text, size_t length, GError **error)
{
  g_autoptr (GString) string = g_string_new (NULL);
  const char *start = text ? text : ""; /* what is empty may have no address, and none can be counted on from there */
  JsonText reader = { .text = start, .at = start, .end = start + length, .string = string, .error = error };
  g_autoptr (JsonNode) node = NULL;

  reader.at += byte_order_mark_length (start, length); /* which a reader may pass over: RFC 8259, section 8.1 */
  if (!g_utf8_validate_len (start, length, NULL))
    {
      reader_fail (&reader, "it is not UTF-8");
      return NULL;
    }
  node = reader_value (&reader);
  if (node && reader_peek (&reader) >= 0)
    {
      reader_fail (&reader, "something follows the value");
      return NULL;
    }
  return g_steal_pointer (&node);
}
