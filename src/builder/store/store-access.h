/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"

/* A sandbox for rbee-hive-store, which sees the store and what it takes to be let in, and *@ret_url, by which it finds
 * the store there. NULL and Failed: a file of hive.conf's cannot be read, or nobody says by @deadline
 * (g_get_monotonic_time()) where the store's name leads. */
Sandbox *store_access_new (const Builder *builder, const Store *store, int64_t deadline, const char **ret_url,
                           GError **error);

/* Runs it; false with what it said, or with why there is no sandbox. SourceUnavailable: the store stopped to answer. */
bool store_access_run (Sandbox *sandbox, const char *const *command, unsigned timeout, GError **error);
