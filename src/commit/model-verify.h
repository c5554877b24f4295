/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "configuration.h"

/* Compares the files of the model `model` of @request with its record: {"problems": [[path, what]…]}, `what` as of a
 * worker's files, or unknown where nobody noted a sum and the size is right. NULL and ModelNotFound. */
JsonObject *model_verify_run (const Configuration *configuration, JsonObject *request, GError **error);
