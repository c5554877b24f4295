/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"

#include <json-glib/json-glib.h>

/* What the catalog has by now of installed workers. @words: of each worker five, its id, its catalog ("": any), backend
 * and source ("": as the catalog chooses) and the sum of the recipe it was built from.
 *
 * {"workers":[{"id","version"}…]}, the whole version, of each whose recipe is another one by now; {"id","message"} of
 * each whose recipe cannot be had or read. InvalidArgument for words that make no fives. */
JsonObject *update_search_run (const Configuration *configuration, char *const *words, GError **error);
