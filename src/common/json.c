/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"

#include <string.h>

#include "controls.h"
#include "error.h"
#include "json-reader.h"
#include "page.h"

JsonObject *
json_parse_object (const char *text, ssize_t length, const char *name, int code, GError **error)
{
  g_autoptr (GError) failure = NULL;
  size_t size = length < 0 ? strlen (text) : (size_t)length;
  g_autoptr (JsonNode) root = json_read (text, size, &failure);

  if (!root)
    {
      const char *page = page_describe (text, size);

      if (page)
        g_set_error (error, HIVE_ERROR, code, "%s is %s where JSON was expected", name, page);
      else
        g_set_error (error, HIVE_ERROR, code, "%s is not valid JSON: %s", name, failure->message);
      return NULL;
    }
  if (!JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error (error, HIVE_ERROR, code, "%s is not a JSON object", name);
      return NULL;
    }
  return json_node_dup_object (root);
}

static JsonNode *
json_get_value (JsonObject *object, const char *key, GType type)
{
  JsonNode *node = json_object_get_member (object, key);

  return node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type ? node : NULL;
}

const char *
json_get_string (JsonObject *object, const char *key, const char *fallback)
{
  JsonNode *node = json_get_value (object, key, G_TYPE_STRING);

  return node ? json_node_get_string (node) : fallback;
}

bool
json_get_bool (JsonObject *object, const char *key, bool fallback)
{
  JsonNode *node = json_get_value (object, key, G_TYPE_BOOLEAN);

  return node ? json_node_get_boolean (node) : fallback;
}

int64_t
json_get_int (JsonObject *object, const char *key, int64_t fallback)
{
  JsonNode *node = json_get_value (object, key, G_TYPE_INT64);

  return node ? json_node_get_int (node) : fallback;
}

char **
json_get_strings (JsonObject *object, const char *key)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  JsonNode *node = json_object_get_member (object, key);
  JsonArray *array;

  if (!node || !JSON_NODE_HOLDS_ARRAY (node))
    return NULL;

  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *element = json_array_get_element (array, i);

      if (!JSON_NODE_HOLDS_VALUE (element) || json_node_get_value_type (element) != G_TYPE_STRING)
        return NULL;
      g_strv_builder_add (builder, json_node_get_string (element));
    }

  return g_strv_builder_end (builder);
}

JsonNode *
json_find (JsonNode *list, const char *key, const char *value)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (list) ? json_node_get_array (list) : NULL;

  for (guint i = 0; array && i < json_array_get_length (array); i++)
    {
      JsonNode *element = json_array_get_element (array, i);

      if (JSON_NODE_HOLDS_OBJECT (element) &&
          g_strcmp0 (json_get_string (json_node_get_object (element), key, NULL), value) == 0)
        return element;
    }
  return NULL;
}

bool
json_has (JsonObject *object, const char *key)
{
  return json_object_has_member (object, key);
}

void
json_set_strings (JsonObject *object, const char *key, char *const *strings)
{
  JsonArray *array = json_array_new ();

  for (; strings && *strings; strings++)
    json_array_add_string_element (array, *strings);
  json_object_set_array_member (object, key, array);
}

/* json-glib escapes those of ASCII. Others can only be in strings. */
static char *
json_escape (char *text)
{
  g_autofree char *given = text;
  GString *escaped;

  if (!controls_are_in (text, "\n"))
    return g_steal_pointer (&given);
  escaped = g_string_sized_new (strlen (text));
  for (; *text; text = g_utf8_next_char (text))
    {
      gunichar character = g_utf8_get_char (text);

      if (character_is_control (character) && character >= 0x7f)
        g_string_append_printf (escaped, "\\u%04x", character);
      else
        g_string_append_unichar (escaped, character);
    }
  return g_string_free (escaped, FALSE);
}

char *
json_node_to_text (JsonNode *node, bool pretty)
{
  g_autofree char *text = json_escape (json_to_string (node, pretty));

  return pretty ? g_strconcat (text, "\n", NULL) : g_steal_pointer (&text);
}

char *
json_to_text (JsonObject *object, bool pretty)
{
  g_autoptr (JsonNode) node = json_node_alloc ();

  json_node_init_object (node, object);
  return json_node_to_text (node, pretty);
}
