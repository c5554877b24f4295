/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "configuration.h"
#include "log-writer.h"

/* StateDirectory's models/, and model-records/ of what lies there. */

/* Takes the files that the request's `record` names from model/ of its `work` directory, all or none of them, and
 * writes the record. FileConflict when there is a model of that name; PackageInvalid when a file is not what the record
 * says. */
bool model_store_add (const Configuration *configuration, LogWriter *log, JsonObject *request, GError **error);

/* Removes the model of the request's `name`. ModelNotFound. */
bool model_store_remove (const Configuration *configuration, JsonObject *request, GError **error);
