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
  return job;
}
