/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog.h"

#include <glib/gi18n.h>
#include <string.h>

#include "catalog-folder.h"
#include "catalog-server.h"
#include "catalog-signature.h"
#include "error.h"
#include "json.h"
#include "page.h"
#include "worker-id.h"

#define RECIPE_MAX_SIZE    (1024 * 1024)
#define SIGNATURE_MAX_SIZE (64 * 1024)

Catalog *
catalog_new (const Configuration *configuration, const CatalogConfiguration *own, CatalogMemory *memory,
             const Machine *machine)
{
  Catalog *catalog = g_new0 (Catalog, 1);

  catalog->configuration = configuration;
  catalog->own = own;
  catalog->memory = memory;
  catalog->machine = machine;
  catalog->phase = "metadata";
  return catalog;
}

void
catalog_free (Catalog *catalog)
{
  if (!catalog)
    return;
  g_free (catalog->stale_why);
  g_free (catalog);
}

/* What is read of a catalog. */
typedef struct
{
  GString *content;
  FetchState state;
  bool remembered; /* it is what the server said before */
} CatalogReading;

static void
reading_clear (CatalogReading *reading)
{
  if (reading->content)
    g_string_free (g_steal_pointer (&reading->content), TRUE);
  fetch_state_clear (&reading->state);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CatalogReading, reading_clear)

/* The oldest of what stood in for an answer counts, and the first reason. */
static void
catalog_set_stale (Catalog *catalog, int64_t since, const char *why)
{
  if (!catalog->stale_why)
    catalog->stale_why = g_strdup (why);
  if (catalog->stale_since == 0 || since < catalog->stale_since)
    catalog->stale_since = since;
}

/* What the server said before instead of what it says now; false: it said nothing. */
static bool
catalog_recall (Catalog *catalog, const char *url, const char *why, CatalogReading *reading)
{
  CatalogAnswer *answer = catalog_memory_find (catalog->memory, url);

  if (!answer || reading->remembered)
    return false;
  reading_clear (reading);
  reading->content = g_string_new_len (answer->body->str, answer->body->len);
  reading->remembered = answer->used = true;
  catalog_set_stale (catalog, answer->at, why);
  return true;
}

static FetchResult
catalog_read_server (Catalog *catalog, const char *url, size_t max_size, CatalogReading *reading, char **ret_why)
{
  CatalogAnswer *answer = catalog_memory_find (catalog->memory, url);
  const Fetch what = { .configuration = catalog->configuration,
                       .url = url,
                       .max_size = max_size,
                       .timeout = catalog->own->timeout,
                       .log = catalog->log,
                       .phase = catalog->phase,
                       .decode = true,
                       .known = answer ? &answer->state : NULL,
                       .ret_state = &reading->state };
  FetchResult result = catalog_server_read (catalog->own, what, &reading->content, ret_why);

  if (result == FETCH_NOT_MODIFIED)
    {
      catalog_memory_confirm (catalog->memory, url);
      reading->content = g_string_new_len (answer->body->str, answer->body->len);
      reading->remembered = true;
      return FETCH_OK;
    }
  if ((result == FETCH_FAILED || result == FETCH_UNTRUSTED) && catalog_recall (catalog, url, *ret_why, reading))
    return FETCH_OK;
  return result;
}

/* One file of the catalog, or one answer of its server. Where that is good, it is to be kept. */
static FetchResult
catalog_read (Catalog *catalog, const char *url, size_t max_size, CatalogReading *reading, char **ret_why)
{
  catalog->answered = false;
  return catalog_configuration_is_folder (catalog->own) ?
             catalog_folder_read (catalog->own, url, max_size, &reading->content, ret_why) :
             catalog_read_server (catalog, url, max_size, reading, ret_why);
}

static void
catalog_keep (Catalog *catalog, const char *url, const CatalogReading *reading)
{
  catalog->answered = true;
  if (!reading->remembered && !catalog_configuration_is_folder (catalog->own))
    catalog_memory_keep (catalog->memory, url, &reading->state, reading->content);
}

/* What came of reading something that must be there. */
static bool
catalog_set_error (const Catalog *catalog, FetchResult result, const char *why, GError **error)
{
  bool own = g_str_equal (catalog->own->name, CATALOG_DEFAULT);
  g_autofree char *section = own ? g_strdup ("[Catalog]") : g_strdup_printf ("[Catalog %s]", catalog->own->name);

  if (result == FETCH_NO_SANDBOX)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_SANDBOX_UNAVAILABLE, why);
  else if (result == FETCH_TOO_LARGE)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_INVALID,
                 "The catalog's answer is too large: %s (MaxSize= in %s of hive.conf)", why, section);
  else if (result == FETCH_DENIED)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_UNAVAILABLE,
                 "The catalog refuses: %s; see TokenCredential= in %s of hive.conf", why, section);
  else if (result == FETCH_UNTRUSTED)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_UNAVAILABLE,
                 "The catalog's server cannot be trusted: %s; see CAFile= and URL= in %s of hive.conf", why, section);
  else if (catalog_configuration_is_folder (catalog->own))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_UNAVAILABLE, N_ ("The catalog cannot be read: %s"), why);
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_UNAVAILABLE,
                 N_ ("The catalog cannot be read: %s; see URL= in %s of hive.conf, and the network"), why, section);
  return false;
}

/* What is not a catalog's answer. A folder of a catalog that any web server shows is none either, and often tried. */
static void
catalog_set_nonsense (const Catalog *catalog, const CatalogReading *reading, GError *failure, GError **error)
{
  const char *page = page_describe (reading->content->str, reading->content->len);

  if (page)
    g_set_error (error, HIVE_ERROR, failure->code,
                 "%s. %s is not a catalog's server: let URL= name one, or a folder on this machine (file://)",
                 failure->message, catalog->own->shown_url);
  else
    {
      g_propagate_error (error, failure);
      return;
    }
  g_error_free (failure);
}

/* The JSON at @url. @ret_missing: there is none, which is not an error here. */
static JsonObject *
catalog_read_object (Catalog *catalog, const char *url, bool *ret_missing, GError **error)
{
  g_auto (CatalogReading) reading = { 0 };
  g_autoptr (GError) failure = NULL;
  g_autofree char *shown = fetch_redact (url);
  g_autofree char *why = NULL;
  JsonObject *object;
  FetchResult result = catalog_read (catalog, url, catalog->own->max_size, &reading, &why);

  *ret_missing = result == FETCH_NOT_FOUND;
  catalog->answered = *ret_missing;
  if (*ret_missing)
    return NULL;
  if (result != FETCH_OK)
    {
      catalog_set_error (catalog, result, why, error);
      return NULL;
    }
  object = json_parse_object (reading.content->str, reading.content->len, shown, HIVE_ERROR_CATALOG_INVALID, &failure);
  if (!object && catalog_recall (catalog, url, failure->message, &reading))
    object = json_parse_object (reading.content->str, reading.content->len, shown, HIVE_ERROR_CATALOG_INVALID, NULL);
  if (object)
    catalog_keep (catalog, url, &reading);
  else
    catalog_set_nonsense (catalog, &reading, g_steal_pointer (&failure), error);
  return object;
}

static char *
catalog_list_url (const Catalog *catalog)
{
  return g_strconcat (catalog->own->url, "/workers", NULL);
}

/* The entry in the list that the server gave before: when nothing else says what it has, that does. */
static JsonObject *
catalog_recall_entry (Catalog *catalog, const char *id, const char *why)
{
  g_autofree char *url = catalog_list_url (catalog);
  CatalogAnswer *answer = catalog_memory_find (catalog->memory, url);
  g_autoptr (JsonObject) list =
      answer ? json_parse_object (answer->body->str, answer->body->len, url, HIVE_ERROR_CATALOG_INVALID, NULL) : NULL;
  JsonNode *node = list ? json_object_get_member (list, "workers") : NULL;
  JsonArray *workers = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (guint i = 0; workers && i < json_array_get_length (workers); i++)
    {
      JsonNode *element = json_array_get_element (workers, i);
      JsonObject *object = JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element) : NULL;

      if (object && g_str_equal (json_get_string (object, "id", ""), id))
        {
          catalog_set_stale (catalog, answer->at, why);
          return json_object_ref (object);
        }
    }
  return NULL;
}

/* An entry of a catalog whose folder, if it is one, was seen to be there. */
static CatalogEntry *
catalog_get_entry (Catalog *catalog, const char *id, const char *backend, GError **error)
{
  bool folder = catalog_configuration_is_folder (catalog->own), missing = false;
  g_autofree char *url = g_strdup_printf ("%s/workers/%s%s", catalog->own->url, id, folder ? "/worker.json" : "");
  g_autoptr (GError) failure = NULL;
  g_autoptr (JsonObject) object = NULL;

  object = catalog_read_object (catalog, url, &missing, &failure);
  if (missing)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_WORKER_NOT_FOUND,
                   N_ ("No worker \"%s\" in the catalog at %s; hivectl catalog lists what there is"), id,
                   catalog->own->shown_url);
      return NULL;
    }
  if (!object && failure->code == HIVE_ERROR_CATALOG_UNAVAILABLE)
    object = catalog_recall_entry (catalog, id, failure->message);
  if (object)
    return catalog_entry_from_json (object, id, backend, catalog->machine, error);
  g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

CatalogEntry *
catalog_get (Catalog *catalog, const char *id, const char *backend, GError **error)
{
  catalog->answered = false;
  if (catalog_configuration_is_folder (catalog->own) && !catalog_folder_check (catalog->own, error))
    return NULL;
  return catalog_get_entry (catalog, id, backend, error);
}

/* Adds an entry to the list, or why it is not in it. */
static void
catalog_list_add (JsonObject *list, const char *id, CatalogEntry *entry, const GError *failure)
{
  JsonObject *skipped;

  if (entry)
    {
      json_array_add_object_element (json_object_get_array_member (list, "workers"), catalog_entry_to_json (entry));
      return;
    }
  skipped = json_object_new ();
  json_object_set_string_member (skipped, "id", id);
  json_object_set_string_member (skipped, "message", failure->message);
  json_array_add_object_element (json_object_get_array_member (list, "skipped"), skipped);
}

static JsonObject *
catalog_list_new (void)
{
  JsonObject *list = json_object_new ();

  json_object_set_array_member (list, "workers", json_array_new ());
  json_object_set_array_member (list, "skipped", json_array_new ());
  return list;
}

/* The folders of a file:// catalog that hold an entry. */
static JsonObject *
catalog_list_folder (Catalog *catalog, GError **error)
{
  g_autoptr (JsonObject) list = catalog_list_new ();
  g_auto (GStrv) ids = catalog_folder_ids (catalog->own, error);

  if (!ids)
    return NULL;
  for (char **id = ids; *id; id++)
    {
      g_autoptr (GError) failure = NULL;
      g_autoptr (CatalogEntry) entry =
          worker_id_check (*id, &failure) ? catalog_get_entry (catalog, *id, NULL, &failure) : NULL;

      if (entry || failure->code != HIVE_ERROR_WORKER_NOT_FOUND)
        catalog_list_add (list, *id, entry, failure);
    }
  /* Where it went away meanwhile, what was not there any more is no answer. */
  if (!catalog_folder_check (catalog->own, error))
    return NULL;
  return g_steal_pointer (&list);
}

/* {"workers":[…]} */
static JsonObject *
catalog_list_answer (const Catalog *catalog, JsonObject *answer, const char *url, GError **error)
{
  g_autoptr (JsonObject) list = catalog_list_new ();
  JsonNode *node = json_object_get_member (answer, "workers");
  JsonArray *workers = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  if (!workers)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_INVALID, "%s is not a catalog: \"workers\" must be an array",
                   url);
      return NULL;
    }

  for (guint i = 0; i < json_array_get_length (workers); i++)
    {
      JsonNode *element = json_array_get_element (workers, i);
      JsonObject *object = JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element) : NULL;
      g_autoptr (GError) failure = NULL;
      g_autoptr (CatalogEntry) entry =
          object ? catalog_entry_from_json (object, NULL, NULL, catalog->machine, &failure) : NULL;

      if (!object)
        g_set_error (&failure, HIVE_ERROR, HIVE_ERROR_CATALOG_INVALID, "Entry %u of the list is not an object", i);
      catalog_list_add (list, object ? json_get_string (object, "id", "") : "", entry, failure);
    }
  return g_steal_pointer (&list);
}

JsonObject *
catalog_list (Catalog *catalog, GError **error)
{
  g_autofree char *url = catalog_list_url (catalog);
  g_autoptr (JsonObject) answer = NULL;
  bool missing;

  if (catalog_configuration_is_folder (catalog->own))
    return catalog_list_folder (catalog, error);

  answer = catalog_read_object (catalog, url, &missing, error);
  if (missing)
    catalog_set_error (catalog, FETCH_NOT_FOUND, url, error);
  return answer ? catalog_list_answer (catalog, answer, url, error) : NULL;
}

/* Which of the entry's recipes; NULL and @error when it has none of that kind. */
static const char *
catalog_choose_recipe (const CatalogEntry *entry, const char *source, GError **error)
{
  g_auto (GStrv) sources = catalog_entry_sources (entry);
  g_autofree char *list = *sources ? g_strjoinv (", ", sources) : g_strdup ("none");

  if (!source)
    source = *sources;
  if (source && g_strv_contains ((const char *const *)sources, source))
    return entry->pkgbuild_url_git && g_str_equal (source, "git") ? entry->pkgbuild_url_git : entry->pkgbuild_url;

  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "The catalog has no %s%srecipe of the worker \"%s\"; it has: %s", source ? source : "",
               source ? " " : "", entry->id, list);
  return NULL;
}

/* A recipe lies in its catalog, or, when that is a server, on another one. */
static char *
catalog_recipe_url (const Catalog *catalog, const CatalogEntry *entry, const char *written, GError **error)
{
  const char *base = catalog->own->url;
  g_autofree char *scheme = g_uri_parse_scheme (written);

  if (!*written)
    return g_strdup_printf ("%s/workers/%s/PKGBUILD", base, entry->id);
  if (!scheme)
    return g_strconcat (base, *written == '/' ? "" : "/", written, NULL);
  if (catalog_configuration_is_folder (catalog->own) ?
          g_str_has_prefix (written, base) && written[strlen (base)] == '/' :
          g_str_equal (scheme, "http") || g_str_equal (scheme, "https"))
    return g_strdup (written);

  g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_INVALID,
               "The catalog's entry \"%s\" is invalid: \"pkgbuild_url\" is %s, which is not in a %s catalog's reach",
               entry->id, written, catalog_configuration_is_folder (catalog->own) ? "file" : "web");
  return NULL;
}

/* Reads a text of at most @max_size bytes that goes with a recipe; NULL when there is none, with @ret_result. */
static char *
catalog_read_text (Catalog *catalog, const char *url, size_t max_size, FetchResult *ret_result, char **ret_why)
{
  g_auto (CatalogReading) reading = { 0 };
  const char *instead;

  *ret_result = catalog_read (catalog, url, max_size, &reading, ret_why);
  if (*ret_result != FETCH_OK)
    return NULL;
  instead = page_describe_instead (url, reading.content->str, reading.content->len);
  if (instead)
    {
      *ret_why = g_strdup_printf (N_ ("%s is not there: what came is %s"), url, instead);
      return NULL;
    }
  if (memchr (reading.content->str, 0, reading.content->len) ||
      !g_utf8_validate_len (reading.content->str, reading.content->len, NULL))
    {
      *ret_why = g_strdup_printf (N_ ("%s is not text in UTF-8"), url);
      return NULL;
    }
  catalog_keep (catalog, url, &reading);
  return g_string_free (g_steal_pointer (&reading.content), FALSE);
}

/* Nothing of a recipe is looked at before this. */
static bool
catalog_check_signature (Catalog *catalog, const char *recipe_url, const char *text, GError **error)
{
  const char *key = catalog->own->signing_key;
  g_autoptr (CatalogSignature) signature = key ? catalog_signature_new (catalog->configuration, key, error) : NULL;
  g_autofree char *url = signature ? g_strconcat (recipe_url, catalog_signature_suffix (signature), NULL) : NULL;
  g_autofree char *why = NULL;
  g_autofree char *signed_by = NULL;
  FetchResult result;

  if (!key)
    return true;
  if (!signature)
    return false;
  signed_by = catalog_read_text (catalog, url, SIGNATURE_MAX_SIZE, &result, &why);
  if (signed_by)
    return catalog_signature_check (signature, text, signed_by, recipe_url, error);
  if (result == FETCH_NO_SANDBOX)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_SANDBOX_UNAVAILABLE, why);
  else if (result == FETCH_NOT_FOUND || result == FETCH_OK)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                 "The PKGBUILD has no signature, and the catalog \"%s\" must have one (SigningKey= in hive.conf): %s",
                 catalog->own->name, why);
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_UNAVAILABLE, "The PKGBUILD's signature cannot be read: %s", why);
  return false;
}

char *
catalog_get_recipe (Catalog *catalog, const CatalogEntry *entry, const char *source, char **ret_url, GError **error)
{
  const char *written = catalog_choose_recipe (entry, source, error);
  g_autofree char *url = written ? catalog_recipe_url (catalog, entry, written, error) : NULL;
  g_autofree char *why = NULL;
  g_autofree char *text = NULL;
  FetchResult result;

  if (!url)
    return NULL;
  text = catalog_read_text (catalog, url, RECIPE_MAX_SIZE, &result, &why);
  if (text)
    {
      if (!catalog_check_signature (catalog, url, text, error))
        return NULL;
      *ret_url = g_steal_pointer (&url);
      return g_steal_pointer (&text);
    }
  if (result == FETCH_OK)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "The PKGBUILD at %s", why);
  else if (result == FETCH_TOO_LARGE)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "The PKGBUILD is too large: %s", why);
  else if (result == FETCH_NO_SANDBOX)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_SANDBOX_UNAVAILABLE, why);
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_UNAVAILABLE, N_ ("The PKGBUILD cannot be read: %s"), why);
  return NULL;
}

bool
catalog_copy_source (const Catalog *catalog, const char *recipe_url, const char *name, int fd, const char *target,
                     GError **error)
{
  const Configuration *configuration = catalog->configuration;
  g_autofree char *folder = g_strndup (recipe_url, strrchr (recipe_url, '/') - recipe_url);
  g_autofree char *escaped = g_uri_escape_string (name, "/", TRUE);
  g_autofree char *url = g_strdup_printf ("%s/%s", folder, escaped);
  g_autofree char *why = NULL;
  const Fetch what = { .configuration = configuration,
                       .url = url,
                       .max_size = configuration->max_download_size,
                       .timeout = configuration->download_timeout,
                       .log = catalog->log,
                       .phase = "sources" };
  FetchResult result;

  if (catalog_configuration_is_folder (catalog->own))
    return catalog_folder_copy (catalog->own, url, name, what.max_size, fd, target, error);

  result = catalog_server_copy (catalog->own, what, fd, &why);
  return result == FETCH_OK || fetch_set_source_error (result, why, target, error);
}
