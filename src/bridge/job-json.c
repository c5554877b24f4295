/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-json.h"

static char *
snake_case (const char *name)
{
  GString *snake = g_string_new (NULL);

  for (const char *c = name; *c; c++)
    {
      if (g_ascii_isupper (*c) && c > name)
        g_string_append_c (snake, '_');
      g_string_append_c (snake, g_ascii_tolower (*c));
    }
  return g_string_free (snake, FALSE);
}

/* The bus has options that were spelled with - before 0.1 in both spellings, HTTP has the one with _ alone. */
static void
mend_options (JsonObject *job)
{
  JsonNode *node = json_object_get_member (job, "options");
  JsonObject *mended;
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (!node || !JSON_NODE_HOLDS_OBJECT (node))
    return;
  mended = json_object_new ();
  json_object_iter_init (&iter, json_node_get_object (node));
  while (json_object_iter_next (&iter, &name, &value))
    {
      g_autofree char *key = g_strdelimit (g_strdup (name), "-", '_');

      json_object_set_member (mended, key, json_node_copy (value));
    }
  json_object_set_object_member (job, "options", mended);
}

void
job_json_mend_list (JsonNode *jobs)
{
  JsonArray *list = JSON_NODE_HOLDS_ARRAY (jobs) ? json_node_get_array (jobs) : NULL;

  for (guint i = 0; list && i < json_array_get_length (list); i++)
    {
      JsonNode *job = json_array_get_element (list, i);

      if (JSON_NODE_HOLDS_OBJECT (job))
        mend_options (json_node_get_object (job));
    }
}

JsonObject *
job_json_from_properties (JsonObject *properties)
{
  JsonObject *job = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init (&iter, properties);
  while (json_object_iter_next (&iter, &name, &value))
    {
      g_autofree char *key = snake_case (name);

      json_object_set_member (job, key, json_node_copy (value));
    }
  mend_options (job);
  return job;
}
