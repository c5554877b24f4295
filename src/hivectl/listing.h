/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "exit-status.h"
#include "options.h"

/* Shows a list of objects: with --json as it is, otherwise as a table with a row by @add for each (with --plain its
 * rows alone, in English), or, where there is nothing to show, by the words @empty. @add gets the Table as its
 * userdata. */
ExitStatus listing_print (const Options *options, JsonNode *list, const char *empty, const char *const *headings,
                          void (*add) (JsonObject *object, void *userdata));
