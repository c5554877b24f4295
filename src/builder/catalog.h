/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "catalog-entry.h"
#include "configuration.h"
#include "log-writer.h"

/* The catalog of the configuration: http(s)://, or file:// with workers/ID/worker.json, workers/ID/PKGBUILD and its
 * local sources. Nothing outside a file:// catalog's folder is read, whatever its entries say. Errors: WorkerNotFound,
 * CatalogUnavailable (can't be reached, answers with an error), CatalogInvalid (answers with nonsense); each names the
 * URL. */

/* One entry; @backend chooses a variant (NULL: the hive chooses). */
CatalogEntry *catalog_get (const Configuration *configuration, const char *id, const char *backend, GError **error);

/* All entries: {"workers":[ENTRY…],"skipped":[{"id","message"}…]}; an entry that is invalid spoils only itself. */
JsonObject *catalog_list (const Configuration *configuration, GError **error);

/* The PKGBUILD's text, of at most 1 MiB. @source: "binary", "git" or NULL: whichever the entry has, the prebuilt one
 * first; one that it has not is InvalidArgument. @ret_url: where it came from. */
char *catalog_get_recipe (const Configuration *configuration, const CatalogEntry *entry, const char *source,
                          char **ret_url, GError **error);

/* Copies a file that lies beside a PKGBUILD, or in a folder there, to @fd. SourceUnavailable,
 * LimitsExceeded (MaxDownloadSize=), or NoSpace and Failed naming @target, what @fd is. */
bool catalog_copy_source (const Configuration *configuration, const char *recipe_url, const char *name, int fd,
                          const char *target, GError **error);

/* True when it is a file:// catalog, or one on this machine's loopback: such may name sources on this machine. */
bool catalog_is_local (const Configuration *configuration);
