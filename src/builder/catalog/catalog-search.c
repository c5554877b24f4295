/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-search.h"

#include <glib/gi18n.h>

#include "error.h"

struct CatalogSearch
{
  const Configuration *configuration;
  JsonObject *remembered;
  const Machine *machine;
  CatalogMemory *memory;
  Catalog *catalog; /* the one that was asked last */
};

CatalogSearch *
catalog_search_new (const Configuration *configuration, JsonObject *remembered, const Machine *machine)
{
  CatalogSearch *search = g_new0 (CatalogSearch, 1);

  search->configuration = configuration;
  search->remembered = remembered ? json_object_ref (remembered) : NULL;
  search->machine = machine;
  return search;
}

static void
catalog_search_close (CatalogSearch *search)
{
  g_clear_pointer (&search->catalog, catalog_free);
  g_clear_pointer (&search->memory, catalog_memory_free);
}

void
catalog_search_free (CatalogSearch *search)
{
  if (!search)
    return;
  catalog_search_close (search);
  g_clear_pointer (&search->remembered, json_object_unref);
  g_free (search);
}

Catalog *
catalog_search_found (CatalogSearch *search)
{
  return search->catalog;
}

Catalog *
catalog_search_open (CatalogSearch *search, const CatalogConfiguration *own)
{
  JsonNode *node = search->remembered ? json_object_get_member (search->remembered, own->name) : NULL;

  catalog_search_close (search);
  search->memory = catalog_memory_new (node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL);
  search->catalog = catalog_new (search->configuration, own, search->memory, search->machine);
  return search->catalog;
}

static CatalogEntry *
catalog_search_all (CatalogSearch *search, const char *id, const char *backend, LogWriter *log, GError **error)
{
  GPtrArray *catalogs = search->configuration->catalogs;
  g_autoptr (GError) trouble = NULL;

  for (guint i = 0; i < catalogs->len; i++)
    {
      g_autoptr (GError) failure = NULL;
      Catalog *catalog = catalog_search_open (search, catalogs->pdata[i]);
      CatalogEntry *entry;

      catalog->log = log;
      entry = catalog_get (catalog, id, backend, &failure);

      if (entry)
        return entry;
      if (failure->code == HIVE_ERROR_WORKER_NOT_FOUND && catalogs->len > 1)
        continue;
      if (catalog->answered || catalogs->len == 1)
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return NULL;
        }
      if (log)
        log_writer_note (log, "metadata", "⚠ The catalog \"%s\" is passed over: %s", catalog->own->name,
                         failure->message);
      if (!trouble)
        trouble = g_steal_pointer (&failure);
    }
  if (trouble)
    g_propagate_error (error, g_steal_pointer (&trouble));
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_WORKER_NOT_FOUND,
                 N_ ("No worker \"%s\" in any of the %u catalogs; hivectl catalog lists what there is"), id,
                 catalogs->len);
  return NULL;
}

CatalogEntry *
catalog_search_get (CatalogSearch *search, const char *name, const char *id, const char *backend, LogWriter *log,
                    GError **error)
{
  const CatalogConfiguration *own = name ? configuration_catalog (search->configuration, name, error) : NULL;

  if (!name)
    return catalog_search_all (search, id, backend, log, error);
  if (!own)
    return NULL;
  catalog_search_open (search, own)->log = log;
  return catalog_get (search->catalog, id, backend, error);
}

static char *
describe_age (int64_t since)
{
  int64_t minutes = MAX (0, g_get_real_time () - since) / (60 * G_USEC_PER_SEC);

  if (minutes < 2)
    return g_strdup ("a moment");
  if (minutes < 120)
    return g_strdup_printf ("%d minutes", (int)minutes);
  if (minutes < 48 * 60)
    return g_strdup_printf ("%d hours", (int)(minutes / 60));
  return g_strdup_printf ("%d days", (int)(minutes / (24 * 60)));
}

char *
catalog_search_describe_stale (const CatalogSearch *search)
{
  const Catalog *catalog = search->catalog;
  g_autofree char *age = NULL;

  if (!catalog->stale_why)
    return NULL;
  age = describe_age (catalog->stale_since);
  return g_strdup_printf (N_ ("The catalog \"%s\" cannot be asked, and this is what it said %s ago: %s"),
                          catalog->own->name, age, catalog->stale_why);
}
