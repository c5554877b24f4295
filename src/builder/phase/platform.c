/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "builder.h"
#include "machine.h"
#include "toolchains.h"

static bool
platform_refuse (Builder *builder, const char *title, const char *what, char *const *wanted, const char *current,
                 GError **error)
{
  g_autofree char *list = g_strjoinv (", ", (char **)wanted);

  log_writer_note (builder->log, "platform", "❌ %s incompatible", title);
  log_writer_note (builder->log, "platform", "Worker requires: %s", list);
  log_writer_note (builder->log, "platform", "Current %s: %s", what, current);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_PLATFORM_INCOMPATIBLE, N_ ("Cannot install worker on this %s"), what);
  return false;
}

bool
platform_run (Builder *builder, GError **error)
{
  const CatalogEntry *entry = builder->entry;
  const char *architecture = machine_architecture ();

  if (!catalog_entry_fits_platform (entry))
    return platform_refuse (builder, "Platform", "platform", entry->platforms, "linux", error);
  log_writer_note (builder->log, "platform", "✓ Platform compatible: linux");

  if (!catalog_entry_fits_architecture (entry))
    return platform_refuse (builder, "Architecture", "architecture", entry->architectures, architecture, error);
  log_writer_note (builder->log, "platform", "✓ Architecture compatible: %s", architecture);
  return toolchains_check (builder->configuration, error);
}
