/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "find.h"

#include "builds.h"
#include "error.h"
#include "json.h"

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
      !descriptor_read (builds_element (object, "layers", 0), TYPE_TREE, INT64_MAX, &tree, error) ||
      !descriptor_read (builds_element (object, "layers", 1), TYPE_SIGNATURE, SIGNATURE_MAX, &signature, error) ||
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
find_builds (StoreLink *link, const char *tag, GError **error)
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
  if (index && builds_element (index, "manifests", BUILDS_MAX))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "its index of this key names more than %d builds", BUILDS_MAX);
      return NULL;
    }
  builds = json_array_new ();
  for (guint i = 0; index && builds_element (index, "manifests", i); i++)
    {
      g_autoptr (GError) why = NULL;
      JsonObject *build = read_build (link, builds_element (index, "manifests", i), &why);

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
