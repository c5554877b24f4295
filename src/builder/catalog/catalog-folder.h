/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "catalog-configuration.h"
#include "fetch.h"

/* A file:// catalog: workers/ID/worker.json, workers/ID/PKGBUILD and its local sources. Nothing outside its folder is
 * read, whatever its entries say. */

/* A folder that is not there is CatalogUnavailable, not a catalog without workers. */
bool catalog_folder_check (const CatalogConfiguration *catalog, GError **error);

/* The file of @url, of at most @max_size bytes; otherwise @ret_why says why in words. */
FetchResult catalog_folder_read (const CatalogConfiguration *catalog, const char *url, size_t max_size,
                                 GString **ret_content, char **ret_why);

/* The ids of its workers, sorted: the folders in workers/. CatalogUnavailable. */
char **catalog_folder_ids (const CatalogConfiguration *catalog, GError **error);

/* Copies the source @name, which lies at @url, to @fd: see catalog_copy_source(). */
bool catalog_folder_copy (const CatalogConfiguration *catalog, const char *url, const char *name, uint64_t max_size,
                          int fd, const char *target, GError **error);
