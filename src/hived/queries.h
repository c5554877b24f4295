/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "launcher.h"

/* Questions that need the network or a sandbox: answered by short builder processes. Few run at once, equal ones under
 * way are asked once, and answers are kept for a moment, so that callers cannot make the hive fetch without end. */
typedef struct Queries Queries;

/* Called once; @answer is borrowed and NULL on failure, and of a catalog's list has its "sum". May be called before
 * queries_ask() returns. */
typedef void (*QueryHandler) (JsonObject *answer, const GError *failure, void *userdata);

Queries *queries_new (sd_event *event, Launcher *launcher, const Configuration *configuration);
void queries_free (Queries *queries);

/* Asks `rbee-hive-builder --query @arguments…` for the user @uid. An answer is kept for @keep µs. False and
 * LimitsExceeded (then @handler isn't called) when too many wait already, of that user or of all. */
bool queries_ask (Queries *queries, const char *const *arguments, uint64_t keep, uid_t uid, QueryHandler handler,
                  void *userdata, GError **error);

/* True when nobody waits for an answer. */
bool queries_are_idle (const Queries *queries);

/* Forgets kept answers. */
void queries_forget (Queries *queries);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Queries, queries_free)
