/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "configuration.h"

/* One model as ListModels has it, from its first file. */

/* The file's name of a part of the model @name: see model_file_name(). */
char *model_entry_part (const char *name, unsigned part, unsigned parts);

/* Whether @file is of a kind that runs code when it is loaded. */
bool model_entry_is_pickle (const char *file);

/* Reads the model @name, whose parts are @paths, without links: a cache's blobs have other names. @folder is the
 * configured one that it lies in. ModelInvalid; Failed when it cannot be read. */
JsonObject *model_entry_read (const char *name, char *const *paths, const char *folder, GError **error);

/* The folder @path, which has config.json and files of safetensors. */
JsonObject *model_entry_of_folder (const char *path, const char *folder);
