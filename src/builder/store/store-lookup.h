/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"

/* Whether there is a store to be asked at all. */
bool store_lookup_is_asked (const Builder *builder);

/* Looks for a ready build in the stores of hive.conf, or in the folder that the request names, and puts it where a
 * build would have: builder->ready. A store that is dead or has nothing that may be used is told in one line, and is no
 * failure; false: the job is to end. */
bool store_lookup_run (Builder *builder, GError **error);
