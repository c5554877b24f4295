/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "variant.h"

#include "json.h"
#include "terminal.h"

bool
variant_is_empty (JsonNode *array)
{
  return !JSON_NODE_HOLDS_ARRAY (array) || json_array_get_length (json_node_get_array (array)) == 0;
}

void
variant_foreach (JsonNode *array, void (*handler) (JsonObject *object, void *userdata), void *userdata)
{
  JsonArray *elements = array && JSON_NODE_HOLDS_ARRAY (array) ? json_node_get_array (array) : NULL;

  for (guint i = 0; elements && i < json_array_get_length (elements); i++)
    {
      JsonNode *element = json_array_get_element (elements, i);

      if (JSON_NODE_HOLDS_OBJECT (element))
        handler (json_node_get_object (element), userdata);
    }
}

char *
variant_join (JsonObject *object, const char *key, const char *separator)
{
  g_auto (GStrv) strings = json_get_strings (object, key);

  return strings ? g_strjoinv (separator, strings) : g_strdup ("");
}

char *
variant_time (int64_t usec)
{
  g_autoptr (GDateTime) time = usec > 0 ? g_date_time_new_from_unix_local (usec / G_USEC_PER_SEC) : NULL;

  return time ? g_date_time_format (time, "%Y-%m-%d %H:%M") : g_strdup ("");
}

void
variant_print (JsonNode *node)
{
  g_autofree char *text = json_node_to_text (node, true);

  terminal_printf ("%s", text);
}

void
variant_print_line (JsonObject *object)
{
  g_autofree char *text = json_to_text (object, false);

  terminal_printf ("%s\n", text);
  json_object_unref (object);
}
