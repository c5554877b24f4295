/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-json.h"

#include <errno.h>
#include <stdbool.h>

static JsonNode *
bus_json_node_string (const char *value)
{
  return json_node_init_string (json_node_alloc (), value);
}

static JsonNode *
bus_json_node_int (int64_t value)
{
  return json_node_init_int (json_node_alloc (), value);
}

static int
bus_json_read_basic (sd_bus_message *message, char type, JsonNode **ret_node)
{
  union
  {
    uint8_t byte;
    int boolean;
    int16_t n;
    uint16_t q;
    int32_t i;
    uint32_t u;
    int64_t x;
    double d;
    const char *string;
  } value;
  int r = type == SD_BUS_TYPE_UNIX_FD ? -EOPNOTSUPP : sd_bus_message_read_basic (message, type, &value);

  if (r < 0)
    return r;
  switch (type)
    {
    case SD_BUS_TYPE_BYTE:
      *ret_node = bus_json_node_int (value.byte);
      break;
    case SD_BUS_TYPE_BOOLEAN:
      *ret_node = json_node_init_boolean (json_node_alloc (), value.boolean);
      break;
    case SD_BUS_TYPE_INT16:
      *ret_node = bus_json_node_int (value.n);
      break;
    case SD_BUS_TYPE_UINT16:
      *ret_node = bus_json_node_int (value.q);
      break;
    case SD_BUS_TYPE_INT32:
      *ret_node = bus_json_node_int (value.i);
      break;
    case SD_BUS_TYPE_UINT32:
      *ret_node = bus_json_node_int (value.u);
      break;
    case SD_BUS_TYPE_INT64:
    case SD_BUS_TYPE_UINT64:
      *ret_node = bus_json_node_int (value.x);
      break;
    case SD_BUS_TYPE_DOUBLE:
      *ret_node = json_node_init_double (json_node_alloc (), value.d);
      break;
    default:
      *ret_node = bus_json_node_string (value.string);
    }
  return 0;
}

/* @keys: of the members that are wanted; NULL: all. */
static int
bus_json_read_object (sd_bus_message *message, const char *const *keys, JsonNode **ret_node)
{
  g_autoptr (JsonObject) object = json_object_new ();
  const char *entry;
  char type;
  int r;

  while ((r = sd_bus_message_peek_type (message, &type, &entry)) > 0)
    {
      JsonNode *value = NULL;
      const char *key;

      if ((r = sd_bus_message_enter_container (message, type, entry)) < 0 ||
          (r = sd_bus_message_read_basic (message, SD_BUS_TYPE_STRING, &key)) < 0)
        return r;
      if (keys && !g_strv_contains (keys, key))
        r = sd_bus_message_skip (message, entry + 1);
      else if ((r = bus_json_read (message, &value)) >= 0)
        json_object_set_member (object, key, value);
      if (r < 0)
        return r;
      if ((r = sd_bus_message_exit_container (message)) < 0)
        return r;
    }
  if (r < 0)
    return r;
  *ret_node = json_node_init_object (json_node_alloc (), object);
  return 0;
}

static int
bus_json_read_array (sd_bus_message *message, JsonNode **ret_node)
{
  g_autoptr (JsonArray) array = json_array_new ();
  int r;

  while ((r = sd_bus_message_at_end (message, false)) == 0)
    {
      JsonNode *value = NULL;

      if ((r = bus_json_read (message, &value)) < 0)
        return r;
      json_array_add_element (array, value);
    }
  if (r < 0)
    return r;
  *ret_node = json_node_init_array (json_node_alloc (), array);
  return 0;
}

static int
bus_json_read_container (sd_bus_message *message, char type, const char *contents, JsonNode **ret_node)
{
  JsonNode *node = NULL;
  int r;

  if ((r = sd_bus_message_enter_container (message, type, contents)) < 0)
    return r;
  if (type == SD_BUS_TYPE_VARIANT)
    r = bus_json_read (message, &node);
  else if (g_str_has_prefix (contents, "{s"))
    r = bus_json_read_object (message, NULL, &node);
  else
    r = bus_json_read_array (message, &node);
  if (r >= 0)
    r = sd_bus_message_exit_container (message);
  if (r < 0)
    {
      g_clear_pointer (&node, json_node_unref);
      return r;
    }
  *ret_node = node;
  return 0;
}

int
bus_json_read (sd_bus_message *message, JsonNode **ret_node)
{
  const char *contents;
  char type;
  int r;

  if ((r = sd_bus_message_peek_type (message, &type, &contents)) <= 0)
    return r < 0 ? r : -ENODATA;
  return contents ? bus_json_read_container (message, type, contents, ret_node) :
                    bus_json_read_basic (message, type, ret_node);
}

int
bus_json_read_rows (sd_bus_message *message, const char *const *keys, JsonNode **ret_node)
{
  g_autoptr (JsonArray) rows = json_array_new ();
  int r = sd_bus_message_enter_container (message, SD_BUS_TYPE_ARRAY, "a{sv}");

  while (r >= 0 && (r = sd_bus_message_enter_container (message, SD_BUS_TYPE_ARRAY, "{sv}")) > 0)
    {
      JsonNode *row = NULL;

      if ((r = bus_json_read_object (message, keys, &row)) < 0)
        return r;
      json_array_add_element (rows, row);
      r = sd_bus_message_exit_container (message);
    }
  if (r < 0)
    return r;
  *ret_node = json_node_init_array (json_node_alloc (), rows);
  return 0;
}
