/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "builder.h"
#include "catalog.h"

bool
metadata_run (Builder *builder, GError **error)
{
  const Request *request = builder->request;

  log_writer_note (builder->log, "metadata", "📦 Fetching worker metadata from catalog...");
  builder->entry = catalog_get (builder->configuration, request->worker_id, request->backend, error);
  if (!builder->entry)
    return false;
  log_writer_note (builder->log, "metadata", "✓ Worker: %s v%s", builder->entry->id, builder->entry->version);
  return true;
}
