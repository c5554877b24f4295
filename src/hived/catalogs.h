/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "queries.h"

/* All catalogs of the configuration. Each question is asked of each of them by a query of its own, so that none sees
 * another one's token or memory, or makes another one wait. */
typedef struct Catalogs Catalogs;

/* What came of asking a catalog for its list the last time. */
typedef struct
{
  const CatalogConfiguration *configuration;
  int64_t asked_at;    /* µs since the epoch; 0: never */
  int64_t answered_at; /* when it said what is known of it; 0: never */
  unsigned workers;    /* in its list */
  int error;           /* of HiveError, where @message is not NULL */
  char *message;       /* why it could not be asked, and whether something older stands in */
  char **skipped;      /* "ID: why", of entries that are invalid */
  char *sum;           /* of all that it said, or why it could not be asked; NULL: it was not asked yet */
} CatalogState;

/* Called when a catalog says something else than the last time, or for the first time. */
typedef void (*CatalogHandler) (const CatalogState *state, void *userdata);

Catalogs *catalogs_new (Queries *queries, const Configuration *configuration, CatalogHandler on_changed,
                        void *userdata);
void catalogs_free (Catalogs *catalogs);

/* Asks all catalogs, or @name alone (not NULL), for the user @uid; keeps answers for @keep µs. @arguments without the
 * catalog's name:
 *
 *   catalog                         {"workers":[ENTRY…]}: of each id the first in precedence, those that are for this
 *                                   machine first
 *   worker ID [BACKEND]             ENTRY, of the first in precedence that has it
 *   recipe ID [BACKEND [SOURCE]]    {"pkgbuild","url"}, likewise
 *
 * An ENTRY has its `catalog`, and in `catalogs` all that have it, as far as they were asked. Catalogs that cannot be
 * asked are passed over where another one has the answer. InvalidArgument: there is no catalog @name. Else as
 * queries_ask(). */
bool catalogs_ask (Catalogs *catalogs, const char *name, const char *const *arguments, uint64_t keep, uid_t uid,
                   QueryHandler handler, void *userdata, GError **error);

/* One a catalog, in the order of their precedence. */
const CatalogState *catalogs_state (const Catalogs *catalogs, guint *ret_count);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Catalogs, catalogs_free)
