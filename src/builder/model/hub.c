/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub.h"

#include <glib/gi18n.h>
#include <string.h>

#include "credential.h"
#include "json-reader.h"
#include "json.h"
#include "url-origin.h"

#define LIST_MAX   (16 * 1024 * 1024)
#define TIMEOUT    60 /* seconds, of a list */
#define SUM_LENGTH 64
#define REVISION   "main"
#define CREDENTIAL "hub"

struct Hub
{
  const Configuration *configuration;
  CatalogConfiguration own; /* by whose word: the administrator's, as a catalog's */
  char *none[1];
  char *token; /* NULL: none */
};

static char *
hub_read_token (const Configuration *configuration)
{
  g_autofree char *token = configuration->hub_token ? credential_read (CREDENTIAL, configuration->hub_token) : NULL;

  return token && credential_is_token (token) ? g_steal_pointer (&token) : NULL;
}

Hub *
hub_new (const Configuration *configuration)
{
  Hub *hub = g_new0 (Hub, 1);

  hub->configuration = configuration;
  hub->own = (CatalogConfiguration){ .name = (char *)CREDENTIAL,
                                     .url = configuration->hub_url,
                                     .shown_url = configuration->hub_url,
                                     .network_allow = hub->none };
  hub->token = hub_read_token (configuration);
  return hub;
}

void
hub_free (Hub *hub)
{
  if (!hub)
    return;
  g_free (hub->token);
  g_free (hub);
}

static void
hub_file_free (void *data)
{
  HubFile *file = data;

  g_free (file->path);
  g_free (file->sha256);
  g_free (file);
}

void
hub_prepare (const Hub *hub, Fetch *fetch)
{
  fetch->catalog = &hub->own;
  fetch->secure = g_str_has_prefix (hub->own.url, "https:");
  if (url_is_same_origin (hub->own.url, fetch->url))
    fetch->token = hub->token;
}

char *
hub_file_url (const Hub *hub, const char *repository, const char *path)
{
  return g_strdup_printf ("%s/%s/resolve/" REVISION "/%s", hub->own.url, repository, path);
}

/* {"type":"file","path":"x.gguf","size":N,"lfs":{"oid":SHA256,"size":N,…}} */
static HubFile *
hub_file_new (JsonObject *object)
{
  JsonNode *node = json_object_get_member (object, "lfs");
  JsonObject *lfs = node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *path = json_get_string (object, "path", "");
  const char *sum = lfs ? json_get_string (lfs, "oid", "") : "";
  int64_t size = json_get_int (lfs ? lfs : object, "size", 0);
  HubFile *file;

  if (!g_str_equal (json_get_string (object, "type", ""), "file") || !g_str_has_suffix (path, ".gguf") || size < 0)
    return NULL;
  file = g_new0 (HubFile, 1);
  file->path = g_strdup (path);
  file->size = (uint64_t)size;
  if (strlen (sum) == SUM_LENGTH && strspn (sum, G_CSET_DIGITS "abcdef") == SUM_LENGTH)
    file->sha256 = g_strdup (sum);
  return file;
}

static GPtrArray *
hub_read_list (const char *text, size_t length, const char *repository, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (hub_file_free);
  g_autoptr (GError) failure = NULL;
  g_autoptr (JsonNode) node = json_read (text, length, &failure);
  JsonArray *list = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  if (!list)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "The hub's list of %s is none: %s", repository,
                   failure ? failure->message : N_ ("it is not an array"));
      return NULL;
    }
  for (guint i = 0; i < json_array_get_length (list); i++)
    {
      JsonNode *each = json_array_get_element (list, i);
      HubFile *file = JSON_NODE_HOLDS_OBJECT (each) ? hub_file_new (json_node_get_object (each)) : NULL;

      if (file)
        g_ptr_array_add (files, file);
    }
  if (files->len > 0)
    return g_steal_pointer (&files);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_NOT_FOUND, "%s has no file that ends in .gguf", repository);
  return NULL;
}

const char *
hub_token_advice (const Hub *hub)
{
  return hub->token ? N_ ("the token of TokenCredential= in [Models] of hive.conf is not enough") :
                      N_ ("put a token that may read it into TokenCredential= of [Models] in hive.conf");
}

static void
hub_set_error (const Hub *hub, FetchResult result, const char *why, const char *repository, GError **error)
{
  if (result == FETCH_NOT_FOUND)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_NOT_FOUND, "%s is not on the hub: %s", repository, why);
  else if (result == FETCH_DENIED)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE,
                 "The hub gives %s to nobody but those that it knows, or has no such repository: %s; %s", repository,
                 why, hub_token_advice (hub));
  else
    fetch_set_source_error (result, why, repository, error);
}

GPtrArray *
hub_list (const Hub *hub, const Builder *builder, const char *repository, GError **error)
{
  g_autofree char *url =
      g_strdup_printf ("%s/api/models/%s/tree/" REVISION "?recursive=true", hub->own.url, repository);
  Fetch fetch = { .configuration = hub->configuration,
                  .url = url,
                  .max_size = LIST_MAX,
                  .timeout = TIMEOUT,
                  .log = builder->log,
                  .phase = builder->phase };
  g_autofree char *why = NULL;
  GString *content = NULL;
  GPtrArray *files;
  FetchResult result;

  hub_prepare (hub, &fetch);
  result = fetch_memory (&fetch, &content, &why);
  if (result != FETCH_OK)
    {
      if (sandbox_check_cancelled (error))
        hub_set_error (hub, result, why, repository, error);
      return NULL;
    }
  files = hub_read_list (content->str, content->len, repository, error);
  g_string_free (content, TRUE);
  return files;
}
