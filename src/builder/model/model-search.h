/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "configuration.h"

/* The models of this machine: those of StateDirectory's models/, then those of [Models] Folders=, in order. Links are
 * followed as long as they stay in their folder; what is passed over is told. */

/* {"models": [a model each, see model-entry.h], "skipped": [[path, why]…]} */
JsonObject *model_search_all (const Configuration *configuration);

/* The model @reference: its name, with or without ".gguf", or an absolute path. ModelNotFound; ModelInvalid. */
JsonObject *model_search_find (const Configuration *configuration, const char *reference, GError **error);
