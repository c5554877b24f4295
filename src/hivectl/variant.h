/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

/* What a message says, as bus-json.h reads it: for --json, and for tables too, which read it by json.h. */

/* Whether an array has nothing in it. */
bool variant_is_empty (JsonNode *array);

/* An array of objects, as of ListWorkers: @handler sees each. Anything else in it is passed over. */
void variant_foreach (JsonNode *array, void (*handler) (JsonObject *object, void *userdata), void *userdata);

/* An array of strings joined by @separator; "" when it is none. */
char *variant_join (JsonObject *object, const char *key, const char *separator);

/* Time (µs since the epoch) as people here write it: "2026-11-23 07:35"; "" for 0. */
char *variant_time (int64_t usec);

/* Prints it as one JSON document, over several lines. */
void variant_print (JsonNode *node);

/* Prints it as one line of JSON. Takes @object. */
void variant_print_line (JsonObject *object);
