/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "entry-reader.h"

#include <glib/gi18n.h>
#include <string.h>

#include "controls.h"
#include "error.h"
#include "json.h"

#define TEXT_MAX    (16 * 1024) /* bytes of one string */
#define STRINGS_MAX 1000        /* strings in one list */

void
entry_reader_fail (EntryReader *reader, const char *key, const char *expected)
{
  if (!reader->failed)
    g_set_error (reader->error, HIVE_ERROR, HIVE_ERROR_CATALOG_INVALID,
                 "The catalog's entry \"%s\" is invalid: \"%s\" must be %s", reader->id, key, expected);
  reader->failed = true;
}

/* No control characters: these strings end up in logs, on terminals and in paths. */
static bool
text_is_sane (const char *text)
{
  return strlen (text) <= TEXT_MAX && !controls_are_in (text, "\n\t");
}

char *
entry_reader_string (EntryReader *reader, JsonObject *object, const char *key, bool required)
{
  const char *value = json_get_string (object, key, NULL);

  if (!value && !required && (!json_has (object, key) || json_object_get_null_member (object, key)))
    return g_strdup ("");
  if (!value || !text_is_sane (value) || (required && !*value))
    {
      entry_reader_fail (reader, key,
                         required ? N_ ("a string that is not empty, without control characters") :
                                    N_ ("a string without control characters"));
      return NULL;
    }
  return g_strdup (value);
}

char **
entry_reader_strings (EntryReader *reader, JsonObject *object, const char *key, bool required)
{
  char **values = json_get_strings (object, key);

  if (!values && !required && (!json_has (object, key) || json_object_get_null_member (object, key)))
    return g_new0 (char *, 1);
  if (!values || g_strv_length (values) > STRINGS_MAX)
    {
      entry_reader_fail (reader, key, "an array of strings");
      g_strfreev (values);
      return NULL;
    }
  for (char **value = values; *value; value++)
    if (!text_is_sane (*value))
      entry_reader_fail (reader, key, "an array of strings without control characters");
  return values;
}

bool
entry_reader_bool (EntryReader *reader, JsonObject *object, const char *key)
{
  JsonNode *node = json_object_get_member (object, key);

  if (node && !JSON_NODE_HOLDS_NULL (node) &&
      (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_BOOLEAN))
    entry_reader_fail (reader, key, "true or false");
  return json_get_bool (object, key, false);
}

int64_t
entry_reader_int (EntryReader *reader, JsonObject *object, const char *key)
{
  int64_t value = json_get_int (object, key, 0);

  if ((json_has (object, key) && !json_object_get_null_member (object, key) && json_get_int (object, key, -1) < 0) ||
      value < 0)
    entry_reader_fail (reader, key, "a number that is not negative");
  return MAX (value, 0);
}

JsonObject *
entry_reader_object (EntryReader *reader, JsonObject *object, const char *key)
{
  JsonNode *node = json_object_get_member (object, key);

  if (node && JSON_NODE_HOLDS_OBJECT (node))
    return json_node_get_object (node);
  if (node && !JSON_NODE_HOLDS_NULL (node))
    entry_reader_fail (reader, key, "an object");
  return NULL;
}
