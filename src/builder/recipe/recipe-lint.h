/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "recipe.h"

/* makepkg's rules for the fields of a PKGBUILD (its lint_pkgbuild). Returns a sentence for each that is broken, which
 * names field and value and says what to do: valid UTF-8, in makepkg's order, none twice. With @files also that the
 * install and changelog files are there. */
GPtrArray *recipe_lint (const Recipe *recipe, bool files); /* of char *, owned */

/* True when nothing is broken; otherwise RecipeInvalid with the first of them. */
bool recipe_lint_check (const Recipe *recipe, bool files, GError **error);

/* True for a legal pkgver; otherwise false and why, a sentence that begins with "@field …". */
bool recipe_lint_version (const char *field, const char *version, char **ret_why);
