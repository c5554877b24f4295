/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "configuration.h"

/* What is known of a model in StateDirectory's models/ besides what its files say: model-records/NAME.json,
 * {"format": 1, "name", "source", "added_at" (µs), "added_by" (uid), "job", "files": [{"name", "size", "sha256"}…]}; a
 * sum that is not known is "". */

/* A model's name obeys the rule of workers' ids (worker-id.h): it is a file's, and a job's as theirs is. */
bool model_name_is_valid (const char *name);

/* InvalidArgument, naming it and the rule, when it is not. */
bool model_name_check (const char *name, GError **error);

/* The record, or NULL. */
JsonObject *model_record_read (const Configuration *configuration, const char *name);

/* Adds `source`, `added_at` and `sha256` (a list, as long as that of the files; empty: not known) to what is known of a
 * model. */
void model_record_add (const Configuration *configuration, JsonObject *model);
