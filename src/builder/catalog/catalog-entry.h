/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine.h"

/* A worker as a catalog describes it, whichever wire format it came in: of an entry with variants, the chosen one. */
typedef struct
{
  char *id, *name, *version, *description, *license;
  char *implementation, *worker_type, *build_system; /* worker_type: the backend, "cpu" */
  char *binary_name, *install_path;
  char **platforms, **architectures, **depends, **makedepends, **supported_formats, **backends, **features;
  char *pkgbuild_url;                          /* as written; empty: {base}/workers/{id}/PKGBUILD */
  char *pkgbuild_url_git;                      /* camelCase only */
  char *readme_url, *cover_image, *source_url; /* empty: none */
  char *backend_reason;                        /* why it is worker_type: part of a sentence */
  char *incompatible_because;                  /* a sentence, or empty: it is for this machine */
  char *run;                                   /* how it is run (run-entry.h), as text; empty: it does not say */
  int64_t max_context_length;                  /* 0: unknown */
  bool supports_streaming, supports_batching;
} CatalogEntry;

void catalog_entry_free (CatalogEntry *entry);

/* Reads either wire format. CatalogInvalid names the key and what was expected. @backend chooses a variant (NULL:
 * @machine does); one that is not there is InvalidArgument and names those that are. @id: what was asked for (NULL in
 * lists). */
CatalogEntry *catalog_entry_from_json (JsonObject *object, const char *id, const char *backend, const Machine *machine,
                                       GError **error);

/* The contract's ENTRY. */
JsonObject *catalog_entry_to_json (const CatalogEntry *entry);

/* Where the entry fits: both may be asked alone. */
bool catalog_entry_fits_platform (const CatalogEntry *entry);
bool catalog_entry_fits_architecture (const CatalogEntry *entry);

/* Which recipes it has: "binary", which installs what was built elsewhere, "git", which builds here; the one that is
 * taken when nobody asks for either comes first. */
char **catalog_entry_sources (const CatalogEntry *entry);

/* Which of them is taken when @asked is asked for (NULL: none is). */
char *catalog_entry_source (const CatalogEntry *entry, const char *asked);

/* The path inside the package where the binary must lie, from install_path and binary_name. */
char *catalog_entry_binary (const CatalogEntry *entry);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CatalogEntry, catalog_entry_free)
