/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalogs.h"

#include <glib/gi18n.h>

#include "error.h"
#include "json.h"
#include "worker-id.h"

/* What one catalog has said to a query, if it has. */
typedef struct
{
  JsonObject *answer;
  GError *failure;
} Slot;

typedef struct
{
  Catalogs *catalogs;
  bool list; /* of all workers; else about one of them */
  guint first, count;
  Slot *slots;
  bool asking; /* not all of them are asked yet */
  QueryHandler handler;
  void *userdata;
} CatalogQuery;

/* Whose answer a query brings. */
typedef struct
{
  CatalogQuery *query;
  guint place;
} CatalogAsked;

struct Catalogs
{
  Queries *queries;
  const Configuration *configuration;
  CatalogState *states;
  CatalogHandler on_changed;
  void *userdata;
  GHashTable *waiting; /* each CatalogQuery that has no answer yet */
};

static void
state_clear (CatalogState *state)
{
  g_clear_pointer (&state->message, g_free);
  g_clear_pointer (&state->skipped, g_strfreev);
}

static void
catalog_query_free (void *data)
{
  CatalogQuery *query = data;

  for (guint i = 0; i < query->count; i++)
    {
      g_clear_pointer (&query->slots[i].answer, json_object_unref);
      g_clear_error (&query->slots[i].failure);
    }
  g_free (query->slots);
  g_free (query);
}

Catalogs *
catalogs_new (Queries *queries, const Configuration *configuration, CatalogHandler on_changed, void *userdata)
{
  Catalogs *catalogs = g_new0 (Catalogs, 1);

  catalogs->queries = queries;
  catalogs->configuration = configuration;
  catalogs->on_changed = on_changed;
  catalogs->userdata = userdata;
  catalogs->states = g_new0 (CatalogState, configuration->catalogs->len);
  for (guint i = 0; i < configuration->catalogs->len; i++)
    catalogs->states[i].configuration = configuration->catalogs->pdata[i];
  catalogs->waiting = g_hash_table_new_full (NULL, NULL, catalog_query_free, NULL);
  return catalogs;
}

void
catalogs_free (Catalogs *catalogs)
{
  if (!catalogs)
    return;
  for (guint i = 0; i < catalogs->configuration->catalogs->len; i++)
    {
      state_clear (&catalogs->states[i]);
      g_free (catalogs->states[i].sum);
    }
  g_hash_table_unref (catalogs->waiting);
  g_free (catalogs->states);
  g_free (catalogs);
}

const CatalogState *
catalogs_state (const Catalogs *catalogs, guint *ret_count)
{
  *ret_count = catalogs->configuration->catalogs->len;
  return catalogs->states;
}

static JsonArray *
list_member (JsonObject *answer, const char *key)
{
  JsonNode *node = json_object_get_member (answer, key);

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

static JsonObject *
list_object (JsonArray *list, guint i)
{
  JsonNode *node = json_array_get_element (list, i);

  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static char **
read_skipped (JsonObject *answer)
{
  g_autoptr (GStrvBuilder) skipped = g_strv_builder_new ();
  JsonArray *list = list_member (answer, "skipped");

  for (guint i = 0; list && i < json_array_get_length (list); i++)
    {
      JsonObject *object = list_object (list, i);
      g_autofree char *line = object ? g_strdup_printf ("%s: %s", json_get_string (object, "id", ""),
                                                        json_get_string (object, "message", "")) :
                                       NULL;

      if (line)
        g_strv_builder_add (skipped, line);
    }
  return g_strv_builder_end (skipped);
}

/* Of what a catalog says. */
static char *
slot_sum (const Slot *slot)
{
  return slot->answer ? g_strdup (json_get_string (slot->answer, "sum", "")) :
                        g_compute_checksum_for_string (G_CHECKSUM_SHA256, slot->failure->message, -1);
}

static void
state_compare (Catalogs *catalogs, CatalogState *state, const Slot *slot)
{
  g_autofree char *before = g_steal_pointer (&state->sum);

  state->sum = slot_sum (slot);
  if (g_strcmp0 (before, state->sum) != 0)
    catalogs->on_changed (state, catalogs->userdata);
}

/* What there is to be said of a catalog after it was asked for its list. */
static void
state_note (CatalogState *state, const Slot *slot)
{
  int64_t now = g_get_real_time (), stale = slot->answer ? json_get_int (slot->answer, "stale_since", 0) : 0;
  JsonArray *workers = slot->answer ? list_member (slot->answer, "workers") : NULL;

  state_clear (state);
  state->asked_at = now;
  state->workers = workers ? json_array_get_length (workers) : 0;
  state->skipped = slot->answer ? read_skipped (slot->answer) : NULL;
  if (slot->failure)
    {
      state->error = slot->failure->code;
      state->message = g_strdup (slot->failure->message);
      return;
    }
  state->answered_at = stale > 0 ? stale : now;
  if (stale > 0)
    {
      state->error = HIVE_ERROR_CATALOG_UNAVAILABLE;
      state->message = g_strdup (json_get_string (slot->answer, "stale_why", ""));
    }
}

/* The entry with the catalog that has it, and the age of what that says. */
static void
entry_mark (JsonObject *entry, const char *catalog, int64_t stale_since)
{
  JsonArray *all = list_member (entry, "catalogs");

  if (!all)
    {
      json_object_set_string_member (entry, "catalog", catalog);
      json_object_set_int_member (entry, "stale_since", stale_since);
      all = json_array_new ();
      json_object_set_array_member (entry, "catalogs", all);
    }
  json_array_add_string_element (all, catalog);
}

/* Adds a catalog's entries to @entries (id → entry), unless an earlier one has the id. */
static void
list_merge (GHashTable *entries, GPtrArray *order, const char *catalog, JsonObject *answer)
{
  JsonArray *list = list_member (answer, "workers");
  int64_t stale_since = json_get_int (answer, "stale_since", 0);

  for (guint i = 0; list && i < json_array_get_length (list); i++)
    {
      JsonObject *entry = list_object (list, i);
      const char *id = entry ? json_get_string (entry, "id", "") : "";
      JsonObject *earlier = g_hash_table_lookup (entries, id);

      if (!worker_id_is_valid (id))
        continue;
      if (earlier)
        {
          entry_mark (earlier, catalog, 0);
          continue;
        }
      /* What was kept of an answer has marks of the last time. */
      json_object_remove_member (entry, "catalogs");
      entry_mark (entry, catalog, stale_since);
      g_hash_table_insert (entries, (void *)id, entry);
      g_ptr_array_add (order, entry);
    }
}

static JsonObject *
catalog_query_merge (const CatalogQuery *query)
{
  g_autoptr (GHashTable) entries = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) order = g_ptr_array_new ();
  JsonArray *workers = json_array_new ();
  JsonObject *whole = json_object_new ();

  for (guint i = 0; i < query->count; i++)
    if (query->slots[i].answer)
      list_merge (entries, order, query->catalogs->states[query->first + i].configuration->name,
                  query->slots[i].answer);
  for (int fits = 1; fits >= 0; fits--)
    for (guint i = 0; i < order->len; i++)
      if (json_get_bool (order->pdata[i], "compatible", false) == (fits == 1))
        json_array_add_object_element (workers, json_object_ref (order->pdata[i]));
  json_object_set_array_member (whole, "workers", workers);
  return whole;
}

/* The answer, when all have said what they have to say to it. */
static JsonObject *
catalog_query_answer_list (const CatalogQuery *query, GError **error)
{
  guint failed = 0;

  for (guint i = 0; i < query->count; i++)
    if (query->slots[i].failure)
      failed++;
  if (failed < query->count)
    return catalog_query_merge (query);
  g_propagate_error (error, g_error_copy (query->slots[0].failure));
  return NULL;
}

static bool
failure_is_of_catalog (const GError *failure)
{
  return failure->code == HIVE_ERROR_CATALOG_UNAVAILABLE || failure->code == HIVE_ERROR_CATALOG_INVALID;
}

/* The first in precedence that has it, as soon as that is known. False: wait. */
static bool
catalog_query_answer_one (const CatalogQuery *query, JsonObject **ret_answer, GError **error)
{
  const GError *trouble = NULL;

  for (guint i = 0; i < query->count; i++)
    {
      const Slot *slot = &query->slots[i];

      if (slot->answer)
        {
          json_object_remove_member (slot->answer, "catalogs");
          entry_mark (slot->answer, query->catalogs->states[query->first + i].configuration->name,
                      json_get_int (slot->answer, "stale_since", 0));
          *ret_answer = json_object_ref (slot->answer);
          return true;
        }
      if (!slot->failure)
        return false;
      if (slot->failure->code == HIVE_ERROR_WORKER_NOT_FOUND && query->count > 1)
        continue;
      if (!trouble)
        trouble = slot->failure;
      if (!failure_is_of_catalog (slot->failure))
        break;
    }
  if (trouble)
    g_propagate_error (error, g_error_copy (trouble));
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_WORKER_NOT_FOUND,
                 N_ ("No such worker in any of the %u catalogs; hivectl catalog lists what there is"), query->count);
  return true;
}

/* Tells the one who asked, once that is possible, and then forgets what the others will say. */
static void
catalog_query_look (CatalogQuery *query)
{
  guint waiting = 0;
  g_autoptr (JsonObject) answer = NULL;
  g_autoptr (GError) failure = NULL;

  if (query->asking)
    return;
  for (guint i = 0; i < query->count; i++)
    if (!query->slots[i].answer && !query->slots[i].failure)
      waiting++;
  if (query->handler)
    {
      QueryHandler handler = query->handler;

      if (query->list && waiting > 0)
        return;
      if (query->list)
        answer = catalog_query_answer_list (query, &failure);
      else if (!catalog_query_answer_one (query, &answer, &failure))
        return;
      query->handler = NULL;
      handler (answer, failure, query->userdata);
    }
  if (waiting == 0)
    g_hash_table_remove (query->catalogs->waiting, query);
}

static void
catalog_query_take (CatalogQuery *query, guint place, JsonObject *answer, const GError *failure)
{
  Slot *slot = &query->slots[place];

  if (failure)
    slot->failure = g_error_copy (failure);
  else
    slot->answer = json_object_ref (answer);
  if (query->list)
    {
      CatalogState *state = &query->catalogs->states[query->first + place];

      state_note (state, slot);
      state_compare (query->catalogs, state, slot);
    }
  catalog_query_look (query);
}

static void
catalog_query_on_answer (JsonObject *answer, const GError *failure, void *userdata)
{
  CatalogAsked *asked = userdata;
  CatalogQuery *query = asked->query;
  guint place = asked->place;

  g_free (asked);
  catalog_query_take (query, place, answer, failure);
}

static bool
catalog_query_ask (CatalogQuery *query, guint place, const char *const *arguments, uint64_t keep, uid_t uid,
                   GError **error)
{
  Catalogs *catalogs = query->catalogs;
  g_autoptr (GPtrArray) whole = g_ptr_array_new ();
  CatalogAsked *asked = g_new0 (CatalogAsked, 1);

  g_ptr_array_add (whole, (char *)arguments[0]);
  g_ptr_array_add (whole, catalogs->states[query->first + place].configuration->name);
  for (const char *const *each = arguments + 1; *each; each++)
    g_ptr_array_add (whole, (char *)*each);
  g_ptr_array_add (whole, NULL);

  asked->query = query;
  asked->place = place;
  if (queries_ask (catalogs->queries, (const char *const *)whole->pdata, keep, uid, catalog_query_on_answer, asked,
                   error))
    return true;
  g_free (asked);
  return false;
}

static CatalogQuery *
catalog_query_new (Catalogs *catalogs, const char *name, GError **error)
{
  GPtrArray *all = catalogs->configuration->catalogs;
  const CatalogConfiguration *one = name ? configuration_catalog (catalogs->configuration, name, error) : NULL;
  CatalogQuery *query;
  guint place = 0;

  if (name && !one)
    return NULL;
  if (one)
    g_ptr_array_find (all, one, &place);
  query = g_new0 (CatalogQuery, 1);
  query->catalogs = catalogs;
  query->first = place;
  query->count = one ? 1 : all->len;
  query->slots = g_new0 (Slot, query->count);
  return query;
}

bool
catalogs_ask (Catalogs *catalogs, const char *name, const char *const *arguments, uint64_t keep, uid_t uid,
              QueryHandler handler, void *userdata, GError **error)
{
  CatalogQuery *query = catalog_query_new (catalogs, name, error);

  if (!query)
    return false;
  query->list = g_str_equal (arguments[0], "catalog");
  query->handler = handler;
  query->userdata = userdata;
  query->asking = true;
  g_hash_table_add (catalogs->waiting, query);
  for (guint i = 0; i < query->count; i++)
    {
      g_autoptr (GError) failure = NULL;

      if (catalog_query_ask (query, i, arguments, keep, uid, &failure))
        continue;
      if (i == 0)
        {
          g_hash_table_remove (catalogs->waiting, query);
          g_propagate_error (error, g_steal_pointer (&failure));
          return false;
        }
      catalog_query_take (query, i, NULL, failure);
    }
  query->asking = false;
  catalog_query_look (query);
  return true;
}
