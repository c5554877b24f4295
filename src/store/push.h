/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "configuration.h"
#include "log-writer.h"

/* Puts an installed worker into a store in a folder: @request has job, worker_id and url; or into the new folder stage,
 * from where another one brings it to the registry that url is. In a unit that alone has the key that signs
 * ($CREDENTIALS_DIRECTORY/signing-key), and no network. */
bool push_run (const Configuration *configuration, JsonObject *request, LogWriter *log, GError **error);
