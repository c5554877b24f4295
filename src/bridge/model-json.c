/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-json.h"

#include "json.h"

static void
model_add_user (JsonNode *models, JsonObject *instance)
{
  const char *named = json_get_string (instance, "model", "");
  /* By its path, or by its name, which is that of the first one. */
  JsonNode *found = json_find (models, *named == '/' ? "path" : "name", named);

  if (found)
    json_array_add_string_element (json_object_get_array_member (json_node_get_object (found), "used_by"),
                                   json_get_string (instance, "name", ""));
}

void
model_json_mend_list (JsonNode *models, JsonNode *instances, const Configuration *configuration)
{
  g_autofree char *own = configuration_state_path (configuration, "models", NULL);
  JsonArray *list = JSON_NODE_HOLDS_ARRAY (models) ? json_node_get_array (models) : NULL;
  JsonArray *running = JSON_NODE_HOLDS_ARRAY (instances) ? json_node_get_array (instances) : NULL;

  for (guint i = 0; list && i < json_array_get_length (list); i++)
    {
      JsonObject *model = json_array_get_object_element (list, i);

      json_object_set_array_member (model, "used_by", json_array_new ());
      json_object_set_boolean_member (model, "removable", g_str_equal (json_get_string (model, "folder", ""), own));
    }
  for (guint i = 0; running && i < json_array_get_length (running); i++)
    model_add_user (models, json_array_get_object_element (running, i));
}
