/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "configuration.h"
#include "recipe.h"

/* Adds to @report what the recipe needs: `needs`, an object each (name, for: run, build or check, state: present,
 * missing or unknown, version and where of what is here), `missing` and `unknown`, their names, and `install_command`
 * ("" when nothing is missing or known). Where that cannot be found out, `needs_error` says why. */
void inspection_needs_add (JsonObject *report, const Configuration *configuration, const Recipe *recipe);
