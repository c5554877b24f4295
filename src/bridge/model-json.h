/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "configuration.h"

/* Adds to each model of ListModels `used_by`, the names of the instances of ListInstances that run with it, and
 * `removable`: it is the hive's own. */
void model_json_mend_list (JsonNode *models, JsonNode *instances, const Configuration *configuration);
