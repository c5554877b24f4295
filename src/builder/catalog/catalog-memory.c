/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-memory.h"

#include <string.h>

#include "json.h"

#define BODY_MAX (1024 * 1024)

struct CatalogMemory
{
  GHashTable *answers; /* URL → CatalogAnswer */
  bool has_news;
};

static void
catalog_answer_free (void *data)
{
  CatalogAnswer *answer = data;

  fetch_state_clear (&answer->state);
  if (answer->body)
    g_string_free (answer->body, TRUE);
  g_free (answer);
}

static void
catalog_memory_add (CatalogMemory *memory, JsonObject *object)
{
  const char *url = json_get_string (object, "url", NULL), *body = json_get_string (object, "body", NULL);
  int64_t at = json_get_int (object, "at", 0);
  CatalogAnswer *answer = url ? g_hash_table_lookup (memory->answers, url) : NULL;

  if (!url || !body || (answer && answer->at >= at))
    return;
  answer = g_new0 (CatalogAnswer, 1);
  answer->state.etag = g_strdup (json_get_string (object, "etag", NULL));
  answer->state.modified = g_strdup (json_get_string (object, "modified", NULL));
  answer->at = at;
  answer->body = g_string_new (body);
  g_hash_table_insert (memory->answers, g_strdup (url), answer);
}

CatalogMemory *
catalog_memory_new (JsonArray *answers)
{
  CatalogMemory *memory = g_new0 (CatalogMemory, 1);

  memory->answers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, catalog_answer_free);
  for (guint i = 0; answers && i < json_array_get_length (answers); i++)
    {
      JsonNode *node = json_array_get_element (answers, i);

      if (JSON_NODE_HOLDS_OBJECT (node))
        catalog_memory_add (memory, json_node_get_object (node));
    }
  return memory;
}

void
catalog_memory_free (CatalogMemory *memory)
{
  if (!memory)
    return;
  g_hash_table_unref (memory->answers);
  g_free (memory);
}

CatalogAnswer *
catalog_memory_find (const CatalogMemory *memory, const char *url)
{
  return g_hash_table_lookup (memory->answers, url);
}

void
catalog_memory_keep (CatalogMemory *memory, const char *url, const FetchState *state, const GString *body)
{
  CatalogAnswer *answer;

  if (body->len > BODY_MAX || memchr (body->str, 0, body->len) || !g_utf8_validate_len (body->str, body->len, NULL))
    {
      g_hash_table_remove (memory->answers, url);
      return;
    }
  answer = g_new0 (CatalogAnswer, 1);
  answer->state.etag = g_strdup (state->etag);
  answer->state.modified = g_strdup (state->modified);
  answer->at = g_get_real_time ();
  answer->body = g_string_new_len (body->str, body->len);
  answer->used = memory->has_news = true;
  g_hash_table_insert (memory->answers, g_strdup (url), answer);
}

void
catalog_memory_confirm (CatalogMemory *memory, const char *url)
{
  CatalogAnswer *answer = g_hash_table_lookup (memory->answers, url);

  answer->at = g_get_real_time ();
  answer->used = memory->has_news = true;
}

JsonArray *
catalog_memory_to_json (const CatalogMemory *memory)
{
  JsonArray *array = memory->has_news ? json_array_new () : NULL;
  GHashTableIter each;
  void *url, *value;

  g_hash_table_iter_init (&each, memory->answers);
  while (array && g_hash_table_iter_next (&each, &url, &value))
    {
      const CatalogAnswer *answer = value;
      JsonObject *object;

      if (!answer->used)
        continue;
      object = json_object_new ();
      json_object_set_string_member (object, "url", url);
      if (answer->state.etag)
        json_object_set_string_member (object, "etag", answer->state.etag);
      if (answer->state.modified)
        json_object_set_string_member (object, "modified", answer->state.modified);
      json_object_set_int_member (object, "at", answer->at);
      json_object_set_string_member (object, "body", answer->body->str);
      json_array_add_object_element (array, object);
    }
  return array;
}
