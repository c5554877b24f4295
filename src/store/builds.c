/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "builds.h"

#include <string.h>

#include "error.h"
#include "json.h"

/* The element of an array member; NULL. */
static JsonNode *
element (JsonObject *object, const char *key, guint i)
{
  JsonNode *node = json_object_get_member (object, key);
  JsonArray *array = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  return array && i < json_array_get_length (array) ? json_array_get_element (array, i) : NULL;
}

/* One build of an index: its record and signature as texts. */
static JsonObject *
read_build (StoreLink *link, JsonNode *node, GError **error)
{
  Descriptor manifest, record, tree, signature;
  g_autofree char *text = NULL;
  g_autofree char *said = NULL;
  g_autofree char *signed_by = NULL;
  g_autoptr (JsonObject) object = NULL;
  JsonObject *build;

  if (!descriptor_read (node, TYPE_MANIFEST, DOCUMENT_MAX, &manifest, error) ||
      !(text = store_link_text (link, &manifest, true, error)) ||
      !(object = json_parse_object (text, -1, "the manifest", HIVE_ERROR_FAILED, error)) ||
      !descriptor_read (json_object_get_member (object, "config"), TYPE_RECORD, RECORD_MAX, &record, error) ||
      !descriptor_read (element (object, "layers", 0), TYPE_TREE, INT64_MAX, &tree, error) ||
      !descriptor_read (element (object, "layers", 1), TYPE_SIGNATURE, SIGNATURE_MAX, &signature, error) ||
      !(said = store_link_text (link, &record, false, error)) ||
      !(signed_by = store_link_text (link, &signature, false, error)))
    return NULL;
  if (!g_utf8_validate (said, -1, NULL) || !g_utf8_validate (signed_by, -1, NULL))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "its record or its signature is not text");
      return NULL;
    }
  build = json_object_new ();
  json_object_set_string_member (build, "record", said);
  json_object_set_string_member (build, "signature", signed_by);
  json_object_set_string_member (build, "tree", tree.digest);
  return build;
}

JsonObject *
builds_find (StoreLink *link, const char *tag, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autofree char *text = store_link_tag (link, tag, &failure);
  g_autoptr (JsonObject) index = text ? json_parse_object (text, -1, "its index", HIVE_ERROR_FAILED, &failure) : NULL;
  JsonArray *builds;
  JsonObject *answer;

  if (failure)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
  if (index && element (index, "manifests", BUILDS_MAX))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "its index of this key names more than %d builds", BUILDS_MAX);
      return NULL;
    }
  builds = json_array_new ();
  for (guint i = 0; index && element (index, "manifests", i); i++)
    {
      g_autoptr (GError) why = NULL;
      JsonObject *build = read_build (link, element (index, "manifests", i), &why);

      if (!build)
        {
          build = json_object_new ();
          json_object_set_string_member (build, "refused", why->message);
        }
      json_array_add_object_element (builds, build);
      if (why && why->code == HIVE_ERROR_SOURCE_UNAVAILABLE)
        break; /* the others would be waited for as long */
    }
  answer = json_object_new ();
  json_object_set_array_member (answer, "builds", builds);
  return answer;
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
  for (guint i = 0; old && json_array_get_length (list) < BUILDS_MAX && (node = element (old, "manifests", i)); i++)
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
