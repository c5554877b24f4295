/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "configuration.h"

/* What the servers of catalogs said: CacheDirectory/catalog/NAME/QUESTION.json, {"answers":[{"url","etag","modified",
 * "at","body"}…]}. The daemon alone reads and writes it. It believes nothing of it: a file has what a query of that one
 * catalog printed, and is given to queries and jobs as what that one catalog said (builder/catalog/catalog-memory.h).
 * Jobs print nothing into it, so a recipe cannot change what the next job is told. */

/* What is remembered for a question to a catalog, by its arguments (builder/query.h); never NULL. */
JsonArray *catalog_cache_read (const Configuration *configuration, const char *const *arguments);

/* Stores what the answer to such a question says is to be remembered, and takes it out of the answer. */
void catalog_cache_take (const Configuration *configuration, const char *const *arguments, JsonObject *answer);

/* {NAME:[…]}: what is remembered for the install of a worker from whichever catalog; NULL stands for what isn't given.
 */
JsonObject *catalog_cache_read_all (const Configuration *configuration, const char *worker_id, const char *backend,
                                    const char *source);
