/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "configuration.h"

/* Adds to entries, as catalog_entry_to_json() makes them, what of their depends and makedepends this machine lacks:
 * `missing`, `unknown` (nobody knows how to look for it here) and `install_command` (""). All are looked for in one go;
 * where that cannot be done, everything is unknown. */
void catalog_needs_add (const Configuration *configuration, JsonObject *const *entries, size_t count);
