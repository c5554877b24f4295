/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* What the hive has, as clients that were written for rbee's own hive read it. */

/* A worker of ListWorkers: all of them texts but the size. */
JsonObject *rbee_worker (JsonObject *worker);

/* An instance of ListInstances that has a process. `port` is 0 for one that listens on its Unix socket; `address` says
 * which. */
JsonObject *rbee_process (JsonObject *instance);

/* A model of ListModels with what model-json.h adds. It is loaded when an instance runs with it. */
JsonObject *rbee_model (JsonObject *model);

/* Those of a list, by @make; with @key not NULL only where the number @key is not 0. */
JsonArray *rbee_list (JsonNode *list, const char *key, JsonObject *(*make) (JsonObject *element));

/* The instance of ListInstances whose process it is; NULL: none's. */
JsonObject *rbee_find_process (JsonNode *instances, const char *pid);
