/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "builder.h"

/* What an import and a pull have in common: files of one model in model/ of the work directory, and the `result` record
 * by which rbee-hive-commit takes them. */

/* The result of no file yet: {"name", "source", "files": []}. */
JsonObject *model_delivery_new (const char *name, const char *source);

/* Makes the folder model/. */
bool model_delivery_make_folder (const Builder *builder, GError **error);

/* NoSpace where @size bytes more would leave less than KeepFree=. */
bool model_delivery_check_space (const Builder *builder, uint64_t size, GError **error);

/* Adds the file model/@file, after a look at its head and (@sha256, NULL: nobody has given it) its sum, which is then
 * in the record. ModelInvalid, ChecksumMismatch. */
bool model_delivery_add (const Builder *builder, JsonObject *result, const char *file, const char *sha256,
                         GError **error);

/* Writes the `result` record; the builder's exit status. */
int model_delivery_finish (const Builder *builder, JsonObject *result);
