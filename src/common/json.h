/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Typed access to JSON that may be hostile. Every getter says by its result whether the key was there with the right
 * type. */

/* Parses an object. @name is what errors call the text; a text that is not an object in strict JSON (json-reader.h)
 * sets an error of code @code. Free with json_object_unref. */
JsonObject *json_parse_object (const char *text, ssize_t length, const char *name, int code, GError **error);

/* Missing gives @fallback (may be NULL); a wrong type too. */
const char *json_get_string (JsonObject *object, const char *key, const char *fallback);
bool json_get_bool (JsonObject *object, const char *key, bool fallback);
int64_t json_get_int (JsonObject *object, const char *key, int64_t fallback);

/* A NULL-terminated copy of an array of strings; NULL when missing or when an element is not a string. */
char **json_get_strings (JsonObject *object, const char *key);

/* The first object of the array @list whose @key is @value; NULL: there is none, or @list is not an array. */
JsonNode *json_find (JsonNode *list, const char *key, const char *value);

/* True when the key is there. */
bool json_has (JsonObject *object, const char *key);

void json_set_strings (JsonObject *object, const char *key, char *const *strings);

/* Serialises and takes nothing. Pretty: two spaces and a final newline. Controls (controls.h) are escaped. */
char *json_to_text (JsonObject *object, bool pretty);
char *json_node_to_text (JsonNode *node, bool pretty);

/* json-glib has autoptr for JsonObject. */
