/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "query.h"

#include <glib/gi18n.h>
#include <limits.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "catalog-needs.h"
#include "catalog.h"
#include "device-probe.h"
#include "error.h"
#include "file.h"
#include "json.h"
#include "model-search.h"
#include "sandbox.h"
#include "scripts.h"
#include "toolchain-search.h"
#include "toolchains.h"
#include "update-search.h"
#include "worker-id.h"

#define INPUT_MAX (16 * 1024 * 1024)
#define NOTES     "notes" /* of an answer, what is no part of it */

/* A question to one catalog, whose name is the first argument. */
typedef struct
{
  JsonObject *input, *notes;
  Machine *machine;
  CatalogMemory *memory;
  Catalog *catalog;
} QueryContext;

static void
question_clear (QueryContext *question)
{
  catalog_free (question->catalog);
  catalog_memory_free (question->memory);
  machine_free (question->machine);
  g_clear_pointer (&question->notes, json_object_unref);
  g_clear_pointer (&question->input, json_object_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (QueryContext, question_clear)

/* What is remembered comes on standard input; who asks by hand on a terminal, or with nothing there, remembers nothing.
 */
static bool
question_open (QueryContext *question, const Configuration *configuration, const char *name, GError **error)
{
  const CatalogConfiguration *own = configuration_catalog (configuration, name, error);
  g_autofree char *text = isatty (STDIN_FILENO) ? g_strdup ("") : NULL;
  JsonNode *remembered;
  size_t size = 0;

  if (!own)
    return false;
  if (!text)
    text = file_read_fd (STDIN_FILENO, INPUT_MAX, "standard input", &size, error);
  if (!text)
    return false;
  question->input = size > 0 ? json_parse_object (text, size, "standard input", HIVE_ERROR_INVALID_ARGUMENT, error) :
                               json_object_new ();
  if (!question->input)
    return false;
  question->notes = json_object_new ();
  remembered = json_object_get_member (question->input, "remembered");
  question->memory =
      catalog_memory_new (remembered && JSON_NODE_HOLDS_ARRAY (remembered) ? json_node_get_array (remembered) : NULL);
  question->machine = machine_new (devices_load (configuration, NULL));
  question->catalog = catalog_new (configuration, own, question->memory, question->machine);
  return true;
}

/* Adds to an answer what the daemon is to know besides: how old it is, and in the notes what to remember. */
static JsonObject *
question_answer (const QueryContext *question, JsonObject *answer)
{
  JsonArray *news = answer ? catalog_memory_to_json (question->memory) : NULL;

  if (news)
    json_object_set_array_member (question->notes, "remember", news);
  if (answer)
    json_object_set_int_member (answer, "stale_since", question->catalog->stale_since);
  if (answer && question->catalog->stale_why)
    json_object_set_string_member (answer, "stale_why", question->catalog->stale_why);
  if (answer)
    json_object_set_object_member (answer, NOTES, json_object_ref (question->notes));
  return answer;
}

/* Where no sandbox can be made nothing fits: each recipe is read in one. The notes say so too, and the answer is not
 * kept. That one was made a moment ago the daemon knows (queries.c). */
static void
query_tell_sandbox (const QueryContext *question, const Configuration *configuration, JsonObject *const *entries,
                    size_t count)
{
  g_autoptr (GError) trouble = NULL;
  g_autofree char *hint = NULL;
  g_autofree char *why = NULL;

  if (count == 0 || json_get_bool (question->input, "works", false))
    return;
  json_object_set_boolean_member (question->notes, "works", sandbox_probe (configuration, false, &hint, &trouble));
  if (!trouble)
    return;
  why = g_strdup_printf (N_ ("Nothing can be installed here: %s. %s"), trouble->message, hint ? hint : "");
  for (size_t i = 0; i < count; i++)
    if (json_get_bool (entries[i], "compatible", false))
      {
        json_object_set_boolean_member (entries[i], "compatible", false);
        json_object_set_string_member (entries[i], "incompatible_because", g_strchomp (why));
      }
}

static JsonObject *
query_catalog (const Configuration *configuration, char *const *arguments, GError **error)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new ();
  g_auto (QueryContext) question = { 0 };
  JsonObject *answer;
  JsonArray *workers;

  if (!question_open (&question, configuration, arguments[0], error))
    return NULL;
  answer = catalog_list (question.catalog, error);
  workers = answer ? json_object_get_array_member (answer, "workers") : NULL;
  for (guint i = 0; workers && i < json_array_get_length (workers); i++)
    g_ptr_array_add (entries, json_array_get_object_element (workers, i));
  if (answer)
    {
      catalog_needs_add (configuration, (JsonObject *const *)entries->pdata, entries->len);
      query_tell_sandbox (&question, configuration, (JsonObject *const *)entries->pdata, entries->len);
    }
  return question_answer (&question, answer);
}

static JsonObject *
query_worker (const Configuration *configuration, char *const *arguments, GError **error)
{
  g_auto (QueryContext) question = { 0 };
  g_autoptr (CatalogEntry) entry = NULL;
  JsonObject *answer;

  if (!worker_id_check (arguments[1], error) || !question_open (&question, configuration, arguments[0], error))
    return NULL;
  entry = catalog_get (question.catalog, arguments[1], arguments[2], error);
  if (!entry)
    return NULL;
  answer = catalog_entry_to_json (entry);
  catalog_needs_add (configuration, &answer, 1);
  query_tell_sandbox (&question, configuration, &answer, 1);
  return question_answer (&question, answer);
}

static JsonObject *
query_recipe (const Configuration *configuration, char *const *arguments, GError **error)
{
  const char *backend = arguments[2] && *arguments[2] ? arguments[2] : NULL;
  const char *source = arguments[2] && arguments[3] && *arguments[3] ? arguments[3] : NULL;
  g_auto (QueryContext) question = { 0 };
  g_autoptr (CatalogEntry) entry = NULL;
  g_autofree char *text = NULL;
  g_autofree char *url = NULL;
  JsonObject *answer;

  if (!worker_id_check (arguments[1], error) || !question_open (&question, configuration, arguments[0], error))
    return NULL;
  entry = catalog_get (question.catalog, arguments[1], backend, error);
  text = entry ? catalog_get_recipe (question.catalog, entry, source, &url, error) : NULL;
  if (!text)
    return NULL;
  answer = json_object_new ();
  json_object_set_string_member (answer, "pkgbuild", text);
  json_object_set_string_member (answer, "url", url);
  return question_answer (&question, answer);
}

static JsonObject *
query_toolchain (const Toolchain *toolchain)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", toolchain->name);
  json_object_set_string_member (object, "version", "");
  json_object_set_string_member (object, "path", toolchain->paths[0]);
  json_object_set_boolean_member (object, "visible", toolchain_check (toolchain, NULL));
  json_object_set_string_member (object, "configuration", "");
  return object;
}

/* Those of the machine, and those of hive.conf that lie elsewhere: recipes see them. */
static JsonArray *
query_toolchains (const Configuration *configuration)
{
  g_autofree char *path = toolchains_search_path (configuration->toolchains, SANDBOX_SYSTEM_PATH);
  JsonArray *found = toolchain_search ("/", NULL, path);

  for (guint i = 0; i < configuration->toolchains->len; i++)
    {
      const Toolchain *toolchain = configuration->toolchains->pdata[i];
      bool known = false;

      for (guint j = 0; j < json_array_get_length (found) && !known; j++)
        known = g_strv_contains ((const char *const *)toolchain->paths,
                                 json_object_get_string_member (json_array_get_object_element (found, j), "path"));
      if (!known)
        json_array_add_object_element (found, query_toolchain (toolchain));
    }
  return found;
}

/* Sandboxes with a network of their own take more than others. */
static void
query_network (const Configuration *configuration, JsonObject *answer)
{
  g_autoptr (GError) trouble = NULL;
  g_autofree char *hint = NULL;

  if (sandbox_probe (configuration, true, &hint, &trouble))
    return;
  json_object_set_string_member (answer, "network_why", trouble->message);
  json_object_set_string_member (answer, "network_hint", hint ? hint : "");
}

/* A sandbox that works is of little use where no program runs that a build makes. */
static void
query_tell_noexec (const Configuration *configuration, JsonObject *answer)
{
  g_autofree char *why = NULL;
  struct statvfs st;

  if (statvfs (configuration->cache_directory, &st) < 0 || !(st.f_flag & ST_NOEXEC))
    return;
  why = g_strdup_printf (
      N_ ("no program that a build makes can run: CacheDirectory=%s is on a file system that is mounted "
          "noexec"),
      configuration->cache_directory);
  json_object_set_string_member (answer, "why", why);
  json_object_set_string_member (
      answer, "hint",
      N_ ("Mount it without that (mount -o remount,exec), or set CacheDirectory= in [Hive] of "
          "hive.conf to another folder"));
}

static JsonObject *
query_sandbox (const Configuration *configuration, char *const *arguments, GError **error)
{
  JsonObject *answer = json_object_new ();
  g_autoptr (GError) trouble = NULL;
  g_autofree char *hint = NULL;
  bool works = sandbox_probe (configuration, false, &hint, &trouble) && toolchains_check (configuration, &trouble);

  json_object_set_boolean_member (answer, "works", works);
  if (works)
    {
      query_network (configuration, answer);
      query_tell_noexec (configuration, answer);
    }
  json_object_set_array_member (answer, "toolchains", query_toolchains (configuration));
  if (!works)
    {
      json_object_set_string_member (answer, "why", trouble->message);
      json_object_set_string_member (answer, "hint", hint ? hint : "");
    }
  return answer;
}

static JsonObject *
query_devices (const Configuration *configuration, char *const *arguments, GError **error)
{
  g_autoptr (Devices) devices = devices_probe ("/");

  return devices_to_json (devices);
}

static JsonObject *
query_updates (const Configuration *configuration, char *const *arguments, GError **error)
{
  return update_search_run (configuration, arguments, error);
}

static JsonObject *
query_models (const Configuration *configuration, char *const *arguments, GError **error)
{
  return model_search_all (configuration);
}

static JsonObject *
query_model (const Configuration *configuration, char *const *arguments, GError **error)
{
  return model_search_find (configuration, arguments[0], error);
}

static const struct
{
  const char *name;
  bool scripts; /* it needs the hive's own scripts */
  unsigned arguments_min, arguments_max;
  JsonObject *(*run) (const Configuration *configuration, char *const *arguments, GError **error);
} queries[] = {
  { "catalog", true, 1, 1, query_catalog },  { "worker", true, 2, 3, query_worker },
  { "recipe", true, 2, 4, query_recipe },    { "sandbox", true, 0, 0, query_sandbox },
  { "devices", false, 0, 0, query_devices }, { "updates", true, 0, UINT_MAX, query_updates },
  { "models", false, 0, 0, query_models },   { "model", false, 1, 1, query_model },
};

static JsonObject *
query_answer (const Configuration *configuration, char *const *arguments, GError **error)
{
  unsigned count = g_strv_length ((char **)arguments);

  for (size_t i = 0; count > 0 && i < G_N_ELEMENTS (queries); i++)
    if (g_str_equal (queries[i].name, arguments[0]) && count - 1 >= queries[i].arguments_min &&
        count - 1 <= queries[i].arguments_max)
      return !queries[i].scripts || scripts_check (configuration, error) ?
                 queries[i].run (configuration, arguments + 1, error) :
                 NULL;
  g_set_error (
      error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
      "A query is one of: catalog NAME, worker NAME ID [BACKEND], recipe NAME ID [BACKEND [SOURCE]], sandbox, devices, "
      "updates [ID CATALOG BACKEND SOURCE SHA256]…, models, model NAME");
  return NULL;
}

void
query_refuse (const GError *error)
{
  g_autoptr (JsonObject) answer = json_object_new ();
  g_autofree char *text = NULL;

  json_object_set_string_member (answer, "error", hive_error_name (error->code));
  json_object_set_string_member (answer, "message", error->message);
  text = json_to_text (answer, false);
  puts (text);
}

/* The notes come after the answer: the daemon compares that, as it stands there, with what it was told before. */
static void
query_print (JsonObject *answer)
{
  g_autoptr (JsonNode) notes = json_object_dup_member (answer, NOTES);
  g_autofree char *text = NULL;
  g_autofree char *more = NULL;

  if (notes)
    json_object_remove_member (answer, NOTES);
  text = json_to_text (answer, false);
  puts (text);
  if (!notes)
    return;
  more = json_node_to_text (notes, false);
  puts (more);
}

int
query_run (const Configuration *configuration, char *const *arguments)
{
  static JsonObject *answer; /* never released: the process ends, and a large one takes as long to free as to print */
  g_autoptr (GError) error = NULL;

  answer = query_answer (configuration, arguments, &error);
  if (!answer)
    query_refuse (error);
  else
    query_print (answer);
  return error || fflush (stdout) != 0 ? 1 : 0;
}
