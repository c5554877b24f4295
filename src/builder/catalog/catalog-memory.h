/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "fetch.h"

/* What one catalog's server answered before, and what it answers now. A builder keeps nothing: the daemon passes it
 * what is remembered of a catalog, takes what is new from what a query of that catalog prints, and stores it where no
 * builder can (hived/catalog-cache.c). So no job can change what is remembered, and no catalog what another one said.
 */
typedef struct CatalogMemory CatalogMemory;

typedef struct
{
  FetchState state;
  int64_t at; /* µs since the epoch: when the server last said so */
  GString *body;
  bool used; /* it is an answer to what is asked now */
} CatalogAnswer;

/* @answers: [{"url","etag","modified","at","body"}…], or NULL: nothing. What is not of that form is passed over. */
CatalogMemory *catalog_memory_new (JsonArray *answers);
void catalog_memory_free (CatalogMemory *memory);

/* NULL: nothing is remembered of @url. */
CatalogAnswer *catalog_memory_find (const CatalogMemory *memory, const char *url);

/* Remembers a good answer, unless it is larger than 1 MiB or no text. */
void catalog_memory_keep (CatalogMemory *memory, const char *url, const FetchState *state, const GString *body);

/* The server says that what is remembered of @url still holds. */
void catalog_memory_confirm (CatalogMemory *memory, const char *url);

/* What was used, in the form of catalog_memory_new(); NULL when none of it is news. */
JsonArray *catalog_memory_to_json (const CatalogMemory *memory);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CatalogMemory, catalog_memory_free)
