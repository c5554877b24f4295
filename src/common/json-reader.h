/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <stddef.h>

/* The one reader of JSON here, of RFC 8259 and nothing more: json-glib's own takes comments, single quotes and keys
 * that are there twice, and recurses as deep as it is told to. What two programs could read in two ways is refused, as
 * is what no string of C can hold. */

/* Deeper than anything a catalog or a manifest has. */
#define JSON_DEPTH_MAX 64

/* NULL and @error, whose message says what is wrong in which line. */
JsonNode *json_read (const char *text, size_t length, GError **error);
