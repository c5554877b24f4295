/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "configuration.h"

/* Compares an installed worker's files with its record. @request is {"worker_id"}; the answer is
 * {"problems":[[PATH, "missing"|"changed"|"unreadable"]…]} with whole paths. NULL and @error (NotInstalled) when there
 * is not a record. Changes nothing and takes no lock. */
JsonObject *verify_run (const Configuration *configuration, JsonObject *request, GError **error);
