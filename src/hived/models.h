/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive.h"

/* The models of this machine. Their files are hostile and may be large, so that a program of its own looks at them, and
 * every answer comes later. */

/* Called once. @model (borrowed; NULL on failure) has `name path folder format` ("gguf" or "safetensors")
 * `architecture quantization source` strings, `context_length parameters cache_per_token` (bytes that a token of
 * context takes) `size added_at` numbers, `files` and `sha256` lists of strings; read it by json.h, what is not known
 * is missing. The paths have no links. */
typedef void (*ModelHandler) (JsonObject *model, const GError *failure, void *userdata);

/* Looks for the model @reference, for the user @uid: a name, or an absolute path in a folder of [Models] Folders=.
 * @handler may be called before this returns; its failures are ModelNotFound and ModelInvalid, among others. False and
 * LimitsExceeded, and @handler is not called, when too many questions wait. */
bool models_find (Hive *hive, const char *reference, uid_t uid, ModelHandler handler, void *userdata, GError **error);

/* ModelNotFound, when the model @name, whose file is @path, is being removed. */
bool models_check_stays (const Hive *hive, const char *name, const char *path, GError **error);

/* Tells that a model has come or gone. */
void models_announce_change (Hive *hive);

/* Its methods of org.rbee.Hive. 0 or a negative errno. */
int models_publish (Hive *hive);
