/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What a PKGBUILD defined, as the sandboxed bash dumped it. Strings are valid UTF-8. */
typedef struct
{
  GHashTable *variables; /* name → GStrv: a scalar is an array of one */
  GHashTable *functions; /* a set of names */
} Recipe;

Recipe *recipe_new (void);
void recipe_free (Recipe *recipe);

/* The first value, or NULL. */
const char *recipe_value (const Recipe *recipe, const char *name);

/* All values, never NULL: for `source`, `depends` and the like with the architecture's own (source_x86_64) behind them.
 */
char **recipe_values (const Recipe *recipe, const char *name, const char *architecture); /* free with g_strfreev */

bool recipe_has_function (const Recipe *recipe, const char *name);

/* Reads a dump (its format stands in evaluate.bash and recipe.c); RecipeInvalid when it is cut short or ill-formed. */
Recipe *recipe_parse_dump (const char *dump, size_t length, GError **error);

/* pkgname, pkgver, pkgrel and package() are there and legal by PKGBUILD(5); RecipeInvalid, naming the field, otherwise.
 */
bool recipe_check (const Recipe *recipe, GError **error);

/* What pkgver() printed becomes the version; a new one begins at pkgrel 1, as with makepkg. RecipeInvalid when it is no
 * legal pkgver. */
bool recipe_set_pkgver (Recipe *recipe, const char *pkgver, GError **error);

/* [epoch:]pkgver-pkgrel. */
char *recipe_version (const Recipe *recipe);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Recipe, recipe_free)
