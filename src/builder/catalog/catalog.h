/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "catalog-entry.h"
#include "catalog-memory.h"
#include "configuration.h"
#include "log-writer.h"

/* One catalog of the configuration: a folder (file://) or a server. What a server said before stands in for what it
 * doesn't say now: when it cannot be reached, fails (5xx) or answers with what no catalog says. Errors: WorkerNotFound,
 * CatalogUnavailable (cannot be reached, answers with an error), CatalogInvalid (answers with nonsense); each names the
 * URL. */
typedef struct
{
  const Configuration *configuration;
  const CatalogConfiguration *own; /* its section */
  CatalogMemory *memory;
  const Machine *machine;
  LogWriter *log;      /* of the job that asks; NULL: nobody reads along */
  const char *phase;   /* of what it is asked for, for @log */
  bool answered;       /* what came last was a catalog's answer, be it a bad one */
  int64_t stale_since; /* µs since the epoch: what it said was remembered from then; 0: it says so now */
  char *stale_why;
} Catalog;

/* @own, @memory and @machine are borrowed. */
Catalog *catalog_new (const Configuration *configuration, const CatalogConfiguration *own, CatalogMemory *memory,
                      const Machine *machine);
void catalog_free (Catalog *catalog);

/* One entry; @backend chooses a variant (NULL: the machine does). */
CatalogEntry *catalog_get (Catalog *catalog, const char *id, const char *backend, GError **error);

/* All entries: {"workers":[ENTRY…],"skipped":[{"id","message"}…]}; an entry that is invalid spoils only itself. */
JsonObject *catalog_list (Catalog *catalog, GError **error);

/* The PKGBUILD's text, of at most 1 MiB, signed as SigningKey= wants it. @source: "binary", "git" or NULL: whichever
 * the entry has, the prebuilt one first; one that it has not is InvalidArgument. @ret_url: where it came from. */
char *catalog_get_recipe (Catalog *catalog, const CatalogEntry *entry, const char *source, char **ret_url,
                          GError **error);

/* Copies a file that lies beside a PKGBUILD, or in a folder there, to @fd. SourceUnavailable,
 * LimitsExceeded (MaxDownloadSize=), or NoSpace and Failed naming @target, what @fd is. */
bool catalog_copy_source (const Catalog *catalog, const char *recipe_url, const char *name, int fd, const char *target,
                          GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Catalog, catalog_free)
