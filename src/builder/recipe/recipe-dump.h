/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "recipe.h"

/* Reads what evaluate.bash wrote (its format stands there) and takes it from @marker on, which that script was given
 * for this run alone. RecipeInvalid when it is cut short or ill-formed, or tells that the PKGBUILD could not
 * be read. */
Recipe *recipe_dump_read (const char *dump, size_t length, const char *marker, GError **error);
