/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "configuration.h"
#include "log-writer.h"

/* Puts the version of a worker back that the installed one replaced, as one transaction; what it replaces is not kept.
 * @request is {"job","worker_id","installed_by"}. NotInstalled when the worker is not installed or no version is kept,
 * else as install_run(). Notes go to @log (may be NULL), phase `install`. */
bool rollback_run (const Configuration *configuration, LogWriter *log, JsonObject *request, GError **error);
