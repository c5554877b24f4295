/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* One of the packages that a PKGBUILD makes. */
typedef struct
{
  char *name;
  GHashTable *overrides; /* field → GStrv: what its package function makes of it, in place of the recipe's own */
  GHashTable *linted;    /* field → GStrv: what makepkg's lint takes these for, where that may be something else */
  GHashTable *assigned;  /* field → RecipeKind flags: what lines of that function assign, whatever came of it */
} RecipePackage;

typedef enum
{
  RECIPE_STRING = 1 << 0,
  RECIPE_ARRAY = 1 << 1,
  RECIPE_SPARSE = 1 << 2, /* an array with holes */
} RecipeKind;

/* What a PKGBUILD defined, as the sandboxed bash dumped it. Strings are bytes as the recipe has them, which need be no
 * valid UTF-8: what lint lets pass as a name or version is ASCII, anything else goes through
 * g_utf8_make_valid() before it is shown. */
typedef struct
{
  GHashTable *variables; /* name → GStrv: a scalar is an array of one */
  GHashTable *kinds;     /* name → RecipeKind, of each that is declared */
  GHashTable *functions; /* a set of names */
  GPtrArray *packages;   /* of RecipePackage, in pkgname's order */
  GHashTable *missing;   /* file → "install" or "changelog": named by the recipe and not beside it */
  char *options;         /* bash's, as the recipe left them: "ehuB" */
  bool asked_network;    /* while it was read, where there is none */
} Recipe;

Recipe *recipe_new (void);
void recipe_free (Recipe *recipe);

/* The first value, or NULL. */
const char *recipe_value (const Recipe *recipe, const char *name);

/* All values, never NULL: for `source`, `depends` and the like with the architecture's own (source_x86_64) behind them.
 */
char **recipe_values (const Recipe *recipe, const char *name, const char *architecture); /* free with g_strfreev */

bool recipe_has_function (const Recipe *recipe, const char *name);

/* The same for a package, whose function may have overridden them: package_NAME(), or package() of a recipe that is not
 * split. */
const char *recipe_package_value (const Recipe *recipe, const RecipePackage *package, const char *name);
char **recipe_package_values (const Recipe *recipe, const RecipePackage *package, const char *name,
                              const char *architecture); /* free with g_strfreev */

RecipePackage *recipe_package_add (Recipe *recipe, const char *name);

/* The package of that name; NULL: there is none. */
RecipePackage *recipe_package (const Recipe *recipe, const char *name);

/* The function that makes it, "package" or "package_NAME"; NULL: none does. Free with g_free. */
char *recipe_package_function (const Recipe *recipe, const RecipePackage *package);

/* Takes @values for what @package has in @field, as its function left it. */
void recipe_package_override (RecipePackage *package, const char *field, char *const *values);

/* What must be there at run time, each once: the recipe's own `depends`, by which makepkg builds, then what its
 * packages make of them, but for each other. */
char **recipe_run_needs (const Recipe *recipe, const char *architecture); /* free with g_strfreev */

/* True when these are what it is built with too, as with makepkg: it builds something. */
bool recipe_builds_with_run_needs (const Recipe *recipe);

/* What a worker needs beyond what makepkg asks (recipe-lint.h): a function that makes each package, names and
 * versions of printable characters and a bounded length. RecipeInvalid otherwise. */
bool recipe_check (const Recipe *recipe, GError **error);

/* That the recipe and its packages are for @architecture, as makepkg wants it; PlatformIncompatible otherwise. */
bool recipe_check_architecture (const Recipe *recipe, const char *architecture, GError **error);

/* What pkgver() printed becomes the version; a new one begins at pkgrel 1, as with makepkg. RecipeInvalid when it is no
 * legal pkgver. */
bool recipe_set_pkgver (Recipe *recipe, const char *pkgver, GError **error);

/* [epoch:]pkgver-pkgrel. */
char *recipe_version (const Recipe *recipe);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Recipe, recipe_free)
