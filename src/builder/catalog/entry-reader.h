/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Takes the values of a catalog's entry out of JSON, and notes what went wrong first: CatalogInvalid, naming the key
 * and what was expected. A key that is missing or null is empty, unless it is required. */
typedef struct
{
  const char *id; /* for messages */
  GError **error;
  bool failed;
} EntryReader;

void entry_reader_fail (EntryReader *reader, const char *key, const char *expected);

/* Without control characters, since they end up in logs, on terminals and in paths; at most 16 KiB. NULL on failure. */
char *entry_reader_string (EntryReader *reader, JsonObject *object, const char *key, bool required);
char **entry_reader_strings (EntryReader *reader, JsonObject *object, const char *key, bool required);

bool entry_reader_bool (EntryReader *reader, JsonObject *object, const char *key);
int64_t entry_reader_int (EntryReader *reader, JsonObject *object, const char *key);        /* not negative */
JsonObject *entry_reader_object (EntryReader *reader, JsonObject *object, const char *key); /* borrowed */
