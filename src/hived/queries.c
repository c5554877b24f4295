/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "queries.h"

#include <malloc.h>
#include <string.h>

#include "capture.h"
#include "catalog-cache.h"
#include "error.h"
#include "json.h"

#define QUERIES_RUNNING_MAX 4
#define QUERIES_WAITING_MAX 32
#define CALLERS_MAX         1024
#define ANSWER_MAX          (8 * 1024 * 1024)
#define WORKS_KEPT          (5 * G_USEC_PER_SEC)
#define GRACE               (15 * G_USEC_PER_SEC) /* the builder's own limits come first: it says what took too long */

typedef struct
{
  uid_t uid;
  QueryHandler handler;
  void *userdata;
} QueryCaller;

typedef struct
{
  Queries *queries;
  char *key;
  char **arguments;
  uint64_t keep;
  Capture *capture;   /* while it runs */
  JsonObject *answer; /* while it is kept */
  GArray *callers;    /* of QueryCaller */
  sd_event_source *timer;
} Query;

struct Queries
{
  sd_event *event;
  Launcher *launcher;
  const Configuration *configuration;
  GHashTable *by_key; /* of Query, all of them */
  GQueue waiting;     /* of Query, borrowed */
  unsigned running;
  unsigned callers;
  int64_t worked_at; /* when a builder made a sandbox, µs, monotonic; 0: none has */
};

static void queries_start_next (Queries *queries);

static void
query_end (Query *query)
{
  if (query->capture)
    query->queries->running--;
  g_clear_pointer (&query->capture, capture_free);
}

static void
query_free (Query *query)
{
  query_end (query);
  query->timer = sd_event_source_disable_unref (query->timer);
  g_clear_pointer (&query->answer, json_object_unref);
  g_array_unref (query->callers);
  g_strfreev (query->arguments);
  g_free (query->key);
  g_free (query);
}

Queries *
queries_new (sd_event *event, Launcher *launcher, const Configuration *configuration)
{
  Queries *queries = g_new0 (Queries, 1);

  queries->event = event;
  queries->launcher = launcher;
  queries->configuration = configuration;
  queries->by_key = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)query_free);
  g_queue_init (&queries->waiting);
  return queries;
}

void
queries_free (Queries *queries)
{
  if (!queries)
    return;
  g_queue_clear (&queries->waiting);
  g_hash_table_unref (queries->by_key);
  g_free (queries);
}

static void
query_forget (Query *query)
{
  GHashTable *all = query->queries->by_key;

  g_hash_table_remove (all, query->key);
  if (g_hash_table_size (all) == 0)
    malloc_trim (0); /* ten thousand workers are 80 MB */
}

static int
query_on_stale (sd_event_source *source, uint64_t usec, void *userdata)
{
  query_forget (userdata);
  return 0;
}

/* Tells everybody who asked, and keeps a good answer for a moment. */
static void
query_finish (Query *query, JsonObject *answer, const GError *failure)
{
  Queries *queries = query->queries;
  g_autoptr (GArray) callers = g_steal_pointer (&query->callers);

  query->callers = g_array_new (FALSE, FALSE, sizeof (QueryCaller));
  query_end (query);
  queries->callers -= callers->len;
  for (guint i = 0; i < callers->len; i++)
    {
      QueryCaller *caller = &g_array_index (callers, QueryCaller, i);

      caller->handler (answer, failure, caller->userdata);
    }
  /* Where sandboxes don't work, somebody may be mending that right now: such an answer isn't kept. */
  if (answer && query->keep > 0 && json_get_bool (answer, "works", true) &&
      sd_event_add_time_relative (queries->event, &query->timer, CLOCK_MONOTONIC, query->keep, 0, query_on_stale,
                                  query) >= 0)
    query->answer = json_object_ref (answer);
  else
    query_forget (query);
  queries_start_next (queries);
}

static GError *
query_failure (JsonObject *answer)
{
  const char *message = json_get_string (answer, "message", "The query failed without saying why");
  int code = HIVE_ERROR_FAILED;

  hive_error_from_name (json_get_string (answer, "error", ""), &code);
  return g_error_new_literal (HIVE_ERROR, code, message);
}

/* The catalog that is asked; NULL: it is another question. */
static const CatalogConfiguration *
query_catalog (const Query *query)
{
  bool asked = g_strv_contains ((const char *const[]){ "catalog", "worker", "recipe", NULL }, query->arguments[0]);

  return asked ? configuration_catalog (query->queries->configuration, query->arguments[1], NULL) : NULL;
}

/* What the catalog said before. */
static char *
query_input (const Query *query)
{
  g_autoptr (JsonObject) input = NULL;

  const Queries *queries = query->queries;

  if (!query_catalog (query))
    return NULL;
  input = json_object_new ();
  /* Twenty catalogs are asked at once, and a sandbox takes a builder as long as all the rest. */
  if (queries->worked_at > 0 && g_get_monotonic_time () - queries->worked_at < WORKS_KEPT)
    json_object_set_boolean_member (input, "works", true);
  json_object_set_array_member (input, "remembered",
                                catalog_cache_read (query->queries->configuration,
                                                    (const char *const *)query->arguments));
  return json_to_text (input, false);
}

/* Those of all catalogs for who asks them all. */
static const char *
query_tokens (const Query *query)
{
  const CatalogConfiguration *catalog = query_catalog (query);

  return catalog ? catalog->name : g_str_equal (query->arguments[0], "updates") ? "*" : NULL;
}

/* A recipe takes three requests: the entry, itself, its signature. */
static unsigned
query_seconds (const Query *query)
{
  const Configuration *configuration = query->queries->configuration;
  const CatalogConfiguration *asked = query_catalog (query);
  unsigned longest = 0;

  for (guint i = 0; i < configuration->catalogs->len; i++)
    {
      const CatalogConfiguration *catalog = configuration->catalogs->pdata[i];

      if (!asked || asked == catalog)
        longest = MAX (longest, catalog->timeout);
    }
  return 3 * longest + configuration->evaluation_timeout;
}

/* Whether a sandbox was made: about that, and no part of what a catalog says. */
static void
query_note_works (Query *query, JsonObject *answer)
{
  if (!json_has (answer, "works"))
    return;
  query->queries->worked_at = json_get_bool (answer, "works", false) ? g_get_monotonic_time () : 0;
  if (query->queries->worked_at > 0)
    json_object_remove_member (answer, "works");
}

/* Adds the members of the second line, if there is one. */
static bool
answer_add_notes (JsonObject *answer, const char *text, size_t size, GError **error)
{
  g_autoptr (JsonObject) notes = NULL;
  JsonObjectIter each;
  const char *name;
  JsonNode *node;

  if (size == 0)
    return true;
  notes = json_parse_object (text, (ssize_t)size, "The second line of the builder's answer", HIVE_ERROR_FAILED, error);
  if (!notes)
    return false;
  json_object_iter_init (&each, notes);
  while (json_object_iter_next (&each, &name, &node))
    json_object_set_member (answer, name, json_node_copy (node));
  return true;
}

/* The first line, with the sum of it as it stands there where it is a catalog's list: to write it again costs more than
 * to read it. */
static JsonObject *
query_read_answer (const Query *query, const char *text, size_t size, GError **error)
{
  const char *end = memchr (text, '\n', size);
  size_t length = end ? (size_t)(end + 1 - text) : size;
  g_autoptr (JsonObject) answer =
      json_parse_object (text, (ssize_t)length, "The builder's answer", HIVE_ERROR_FAILED, error);

  if (!answer || !answer_add_notes (answer, text + length, size - length, error))
    return NULL;
  if (g_str_equal (query->arguments[0], "catalog"))
    {
      g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)text, length);

      json_object_set_string_member (answer, "sum", sum);
    }
  return g_steal_pointer (&answer);
}

static void
query_on_answer (const char *text, size_t size, int code, const GError *failure, void *userdata)
{
  Query *query = userdata;
  g_autoptr (JsonObject) answer = NULL;
  g_autoptr (GError) error = NULL;

  if (failure)
    error = g_error_copy (failure);
  else
    answer = query_read_answer (query, text, size, &error);
  if (answer && code != 0)
    error = query_failure (answer);
  else if (answer && query_catalog (query))
    query_note_works (query, answer);
  if (answer && !error && query_catalog (query))
    catalog_cache_take (query->queries->configuration, (const char *const *)query->arguments, answer);
  query_finish (query, error ? NULL : answer, error);
}

/* As whom it is asked, and what systemctl shows. */
static LaunchRole
query_role (const Query *query, const char **ret_description)
{
  bool probe = g_str_equal (query->arguments[0], "devices");
  bool reader = g_str_has_prefix (query->arguments[0], "model");

  *ret_description = probe  ? "Look at the devices" :
                     reader ? "Look at the models" :
                              "Question to a catalog or the sandbox";
  return probe ? LAUNCH_PROBE : reader ? LAUNCH_READER : LAUNCH_BUILDER;
}

static bool
query_start (Query *query, GError **error)
{
  Queries *queries = query->queries;
  const Configuration *configuration = queries->configuration;
  g_autofree char *program = g_build_filename (configuration->libexec_directory, "rbee-hive-builder", NULL);
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  const char *const head[] = { program, "--config", configuration->path, "--query" };
  const char *description;
  LaunchRole role = query_role (query, &description);
  g_autofree char *input = query_input (query);
  unsigned seconds = query_seconds (query);

  for (gsize i = 0; i < G_N_ELEMENTS (head); i++)
    if (configuration->path || (i != 1 && i != 2))
      g_ptr_array_add (arguments, (char *)head[i]);
  for (char **each = query->arguments; *each; each++)
    g_ptr_array_add (arguments, *each);
  g_ptr_array_add (arguments, NULL);

  query->capture = capture_start (queries->launcher, queries->event,
                                  &(CaptureSpec){ .arguments = (char **)arguments->pdata,
                                                  .input = input,
                                                  .tokens = query_tokens (query),
                                                  .role = role,
                                                  .description = description,
                                                  .max_size = ANSWER_MAX,
                                                  .timeout = (uint64_t)seconds * G_USEC_PER_SEC + GRACE },
                                  query_on_answer, query, error);
  if (!query->capture)
    return false;
  queries->running++;
  return true;
}

static void
queries_start_next (Queries *queries)
{
  while (queries->running < QUERIES_RUNNING_MAX && !g_queue_is_empty (&queries->waiting))
    {
      Query *query = g_queue_pop_head (&queries->waiting);
      g_autoptr (GError) error = NULL;

      if (!query_start (query, &error))
        {
          query_finish (query, NULL, error); /* goes on with the next one */
          return;
        }
    }
}

static Query *
queries_add (Queries *queries, char *key, const char *const *arguments, uint64_t keep)
{
  Query *query = g_new0 (Query, 1);

  query->queries = queries;
  query->key = key;
  query->arguments = g_strdupv ((char **)arguments);
  query->keep = keep;
  query->callers = g_array_new (FALSE, FALSE, sizeof (QueryCaller));
  g_hash_table_insert (queries->by_key, query->key, query);
  g_queue_push_tail (&queries->waiting, query);
  return query;
}

/* How many answers a user waits for. */
static unsigned
queries_count (Queries *queries, uid_t uid)
{
  GHashTableIter each;
  unsigned count = 0;
  void *query;

  g_hash_table_iter_init (&each, queries->by_key);
  while (g_hash_table_iter_next (&each, NULL, &query))
    {
      const GArray *callers = ((Query *)query)->callers;

      for (guint i = 0; i < callers->len; i++)
        if (g_array_index (callers, QueryCaller, i).uid == uid)
          count++;
    }
  return count;
}

static bool
queries_check_share (Queries *queries, uid_t uid, GError **error)
{
  const Configuration *configuration = queries->configuration;
  unsigned max = configuration->max_queries_per_user;
  /* One question is one query a catalog. */
  unsigned count = queries_count (queries, uid) / configuration->catalogs->len;

  if (count < max)
    return true;
  g_set_error (
      error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
      "User %u waits for %u answers already (MaxQueriesPerUser=%u in hive.conf); ask again when some are there",
      (unsigned)uid, count, max);
  return false;
}

bool
queries_ask (Queries *queries, const char *const *arguments, uint64_t keep, uid_t uid, QueryHandler handler,
             void *userdata, GError **error)
{
  g_autofree char *key = g_strjoinv ("\x1f", (char **)arguments);
  Query *query = g_hash_table_lookup (queries->by_key, key);

  if (query && query->answer)
    {
      handler (query->answer, NULL, userdata);
      return true;
    }
  if (!queries_check_share (queries, uid, error))
    return false;
  if (queries->callers >= CALLERS_MAX || (!query && g_queue_get_length (&queries->waiting) >= QUERIES_WAITING_MAX))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
                   "Too many questions wait for an answer; ask again later");
      return false;
    }
  if (!query)
    query = queries_add (queries, g_steal_pointer (&key), arguments, keep);
  g_array_append_val (query->callers, ((QueryCaller){ uid, handler, userdata }));
  queries->callers++;
  queries_start_next (queries);
  return true;
}

static gboolean
query_is_kept (gpointer key, gpointer value, gpointer userdata)
{
  return ((Query *)value)->answer != NULL;
}

void
queries_forget (Queries *queries)
{
  g_hash_table_foreach_remove (queries->by_key, query_is_kept, NULL);
}

bool
queries_are_idle (const Queries *queries)
{
  return queries->callers == 0;
}
