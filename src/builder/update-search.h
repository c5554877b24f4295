/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "configuration.h"

/* What the catalog now has of installed workers. @words: of each worker five, its id, its catalog ("": any), backend
 * and source ("": as the catalog chooses) and the sum of the recipe it was built from.
 *
 * {"workers":[{"id","version"}…]}, the whole version, of each whose recipe has changed; {"id","message"} of
 * each whose recipe cannot be had or read. InvalidArgument for words that make no fives. */
JsonObject *update_search_run (const Configuration *configuration, char *const *words, GError **error);
