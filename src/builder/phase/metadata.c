/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "builder.h"
#include "catalog-search.h"
#include "display-name.h"
#include "json.h"
#include "recipe-files.h"

/* What people could not know of their own: which of several catalogs, what stands in for an answer, and what the hive
 * chose of what there is to choose from. */
static void
metadata_tell_choices (Builder *builder)
{
  const CatalogEntry *entry = builder->entry;
  const JobRequest *request = builder->request;
  g_autofree char *stale = catalog_search_describe_stale (builder->search);
  g_auto (GStrv) sources = catalog_entry_sources (entry);

  if (stale)
    log_writer_note (builder->log, "metadata", "⚠ %s", stale);
  if (builder->configuration->catalogs->len > 1)
    log_writer_note (builder->log, "metadata", "✓ Catalog: %s (%s)", builder->catalog->own->name,
                     builder->catalog->own->shown_url);
  if (g_strv_length (entry->backends) > 1)
    log_writer_note (builder->log, "metadata", "✓ Backend: %s (%s)", entry->worker_type, entry->backend_reason);
  if (*entry->incompatible_because && catalog_entry_fits_platform (entry) && catalog_entry_fits_architecture (entry))
    log_writer_note (builder->log, "metadata", "⚠ %s", entry->incompatible_because);
  if (g_strv_length (sources) > 1)
    log_writer_note (builder->log, "metadata", "✓ Source: %s (%s)", builder->source,
                     request->source                         ? "it was asked for" :
                     g_str_equal (builder->source, "binary") ? "it needs no building; git builds it here" :
                                                               "it is built here");
}

/* For the daemon: what the worker is called, while it is being built. */
static void
metadata_write_name (const Builder *builder)
{
  g_autoptr (JsonObject) result = json_object_new ();
  g_autofree char *name = display_name_clean (builder->entry->name);
  g_autofree char *text = NULL;

  if (!name)
    return;
  json_object_set_string_member (result, "name", name);
  text = json_to_text (result, false);
  log_writer_write (builder->log, "metadata", LOG_STREAM_RESULT, text, -1);
}

bool
metadata_run (Builder *builder, GError **error)
{
  const JobRequest *request = builder->request;

  if (request->files)
    return recipe_files_take (builder, error);
  log_writer_note (builder->log, "metadata", "📦 Fetching worker metadata from catalog...");
  builder->machine = machine_new (devices_load (builder->configuration, NULL));
  builder->search = catalog_search_new (builder->configuration, request->remembered, builder->machine);
  builder->entry =
      catalog_search_get (builder->search, request->catalog, request->worker_id, request->backend, builder->log, error);
  if (!builder->entry)
    return false;
  builder->catalog = catalog_search_found (builder->search);
  builder->source = catalog_entry_source (builder->entry, request->source);
  log_writer_note (builder->log, "metadata", "✓ Worker: %s v%s", builder->entry->id, builder->entry->version);
  metadata_write_name (builder);
  metadata_tell_choices (builder);
  return true;
}
