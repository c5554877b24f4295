/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "configuration.h"
#include "recipe.h"

/* What there is to say of a recipe, as `--json` prints it: its fields, what it would fetch and how that is verified,
 * what it needs and whether this machine has that, and @problems (of char *). */
JsonObject *inspection_report_new (const Configuration *configuration, const Recipe *recipe, const GPtrArray *problems);

/* The same for people, in lines of 80 columns; what cannot be broken may be longer. Free with g_string_free. */
GString *inspection_report_text (JsonObject *report);
