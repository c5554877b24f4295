/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "recipe.h"

/* What a recipe would fetch for this machine, an object a source: name, url (missing: a file beside the PKGBUILD),
 * sums (the kinds given), repository ("git, tag v1"), strength (strong, weak, none; commit: a repository at a fixed
 * one) and verification, the same in words. One that cannot be fetched has error, and why. */
JsonArray *inspection_source_list (const Recipe *recipe);
