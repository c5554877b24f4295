/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "builds.h"

#include <string.h>

#include "error.h"
#include "json.h"

JsonNode *
builds_element (JsonObject *object, const char *key, guint i)
{
  JsonNode *node = json_object_get_member (object, key);
  JsonArray *array = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  return array && i < json_array_get_length (array) ? json_array_get_element (array, i) : NULL;
}

char *
builds_add (const char *text, const Descriptor *manifest, JsonObject *annotations)
{
  g_autoptr (JsonObject) old = text ? json_parse_object (text, -1, "the index", HIVE_ERROR_FAILED, NULL) : NULL;
  g_autoptr (JsonObject) index = json_object_new ();
  JsonObject *entry = descriptor_to_json (manifest, TYPE_MANIFEST);
  JsonArray *list = json_array_new ();
  JsonNode *node;

  json_object_set_object_member (entry, "annotations", json_object_ref (annotations));
  json_array_add_object_element (list, entry);
  for (guint i = 0; old && json_array_get_length (list) < BUILDS_MAX && (node = builds_element (old, "manifests", i));
       i++)
    if (JSON_NODE_HOLDS_OBJECT (node) &&
        !g_str_equal (json_get_string (json_node_get_object (node), "digest", ""), manifest->digest))
      json_array_add_element (list, json_node_copy (node));
  json_object_set_int_member (index, "schemaVersion", 2);
  json_object_set_string_member (index, "mediaType", TYPE_INDEX);
  json_object_set_array_member (index, "manifests", list);
  return json_to_text (index, false);
}

char *
builds_manifest (const Descriptor *record, const Descriptor *tree, const Descriptor *signature)
{
  g_autoptr (JsonObject) manifest = json_object_new ();
  JsonArray *layers = json_array_new ();

  json_array_add_object_element (layers, descriptor_to_json (tree, TYPE_TREE));
  json_array_add_object_element (layers, descriptor_to_json (signature, TYPE_SIGNATURE));
  json_object_set_int_member (manifest, "schemaVersion", 2);
  json_object_set_string_member (manifest, "mediaType", TYPE_MANIFEST);
  json_object_set_object_member (manifest, "config", descriptor_to_json (record, TYPE_RECORD));
  json_object_set_array_member (manifest, "layers", layers);
  return json_to_text (manifest, false);
}
