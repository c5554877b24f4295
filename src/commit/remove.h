/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "configuration.h"
#include "log-writer.h"

/* Removes a worker as one transaction: the files that are still as they were installed, the directories its installs
 * made where they are empty, and its record. Changed files are left and named. @request is {"job","worker_id"}. On
 * failure nothing is changed; NotInstalled when there is no record. Notes go to @log (may be NULL), phase `remove`. */
bool remove_run (const Configuration *configuration, LogWriter *log, JsonObject *request, GError **error);
