/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "catalog.h"

/* The catalogs in the order of their precedence, and which of them a worker is from. */
typedef struct CatalogSearch CatalogSearch;

/* @remembered: {NAME:[…]}, what the daemon remembers of each (catalog-memory.h); NULL: nothing. @machine is borrowed.
 */
CatalogSearch *catalog_search_new (const Configuration *configuration, JsonObject *remembered, const Machine *machine);
void catalog_search_free (CatalogSearch *search);

/* The entry of the first catalog that has @id, or of @name alone (NULL: any). One that cannot be asked is passed over,
 * which @log (NULL: nobody) is told; unless it said before that it has that worker: then it is not for another one to
 * stand in for it.
 * @backend: see catalog_get(). Errors: those of catalog_get(), InvalidArgument (no catalog @name). */
CatalogEntry *catalog_search_get (CatalogSearch *search, const char *name, const char *id, const char *backend,
                                  LogWriter *log, GError **error);

/* Makes @own the catalog that is asked; owned by @search. */
Catalog *catalog_search_open (CatalogSearch *search, const CatalogConfiguration *own);

/* The catalog of what was found, owned by @search. */
Catalog *catalog_search_found (CatalogSearch *search);

/* "The catalog "corp" cannot be asked (…): this is what it said 3 hours ago", or NULL when what was found is fresh. */
char *catalog_search_describe_stale (const CatalogSearch *search);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CatalogSearch, catalog_search_free)
