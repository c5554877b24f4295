/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recipe.h"

#include <glib/gi18n.h>
#include <string.h>

#include "error.h"
#include "machine.h"
#include "recipe-lint.h"

#define FIELD_MAX 100 /* bytes of pkgname and pkgver */

static void
recipe_package_free (RecipePackage *package)
{
  g_free (package->name);
  g_hash_table_unref (package->overrides);
  g_hash_table_unref (package->linted);
  g_hash_table_unref (package->assigned);
  g_free (package);
}

Recipe *
recipe_new (void)
{
  Recipe *recipe = g_new0 (Recipe, 1);

  recipe->variables = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
  recipe->kinds = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  recipe->functions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  recipe->packages = g_ptr_array_new_with_free_func ((GDestroyNotify)recipe_package_free);
  recipe->missing = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  recipe->options = g_strdup ("");
  return recipe;
}

void
recipe_free (Recipe *recipe)
{
  if (!recipe)
    return;
  g_hash_table_unref (recipe->variables);
  g_hash_table_unref (recipe->kinds);
  g_hash_table_unref (recipe->functions);
  g_ptr_array_unref (recipe->packages);
  g_hash_table_unref (recipe->missing);
  g_free (recipe->options);
  g_free (recipe);
}

RecipePackage *
recipe_package_add (Recipe *recipe, const char *name)
{
  RecipePackage *package = g_new0 (RecipePackage, 1);

  package->name = g_strdup (name);
  package->overrides = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
  package->linted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
  package->assigned = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_ptr_array_add (recipe->packages, package);
  return package;
}

const char *
recipe_value (const Recipe *recipe, const char *name)
{
  char **values = g_hash_table_lookup (recipe->variables, name);

  return values && values[0] && values[0][0] ? values[0] : NULL;
}

/* What @package (NULL: none) makes of a field, else what the recipe says. */
static char **
recipe_lookup (const Recipe *recipe, const RecipePackage *package, const char *name)
{
  char **values = package ? g_hash_table_lookup (package->overrides, name) : NULL;

  return values ? values : g_hash_table_lookup (recipe->variables, name);
}

char **
recipe_package_values (const Recipe *recipe, const RecipePackage *package, const char *name, const char *architecture)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  g_autofree char *specific = g_strdup_printf ("%s_%s", name, architecture);
  const char *const names[] = { name, specific };

  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    {
      char **values = recipe_lookup (recipe, package, names[i]);

      if (values)
        g_strv_builder_addv (all, (const char **)values);
    }
  return g_strv_builder_end (all);
}

char **
recipe_values (const Recipe *recipe, const char *name, const char *architecture)
{
  return recipe_package_values (recipe, NULL, name, architecture);
}

const char *
recipe_package_value (const Recipe *recipe, const RecipePackage *package, const char *name)
{
  char **values = recipe_lookup (recipe, package, name);

  return values && values[0] && values[0][0] ? values[0] : NULL;
}

bool
recipe_has_function (const Recipe *recipe, const char *name)
{
  return g_hash_table_contains (recipe->functions, name);
}

RecipePackage *
recipe_package (const Recipe *recipe, const char *name)
{
  for (guint i = 0; i < recipe->packages->len; i++)
    {
      RecipePackage *package = recipe->packages->pdata[i];

      if (g_str_equal (package->name, name))
        return package;
    }
  return NULL;
}

char *
recipe_package_function (const Recipe *recipe, const RecipePackage *package)
{
  g_autofree char *own = g_strdup_printf ("package_%s", package->name);

  if (recipe_has_function (recipe, own))
    return g_steal_pointer (&own);
  return recipe->packages->len == 1 && recipe_has_function (recipe, "package") ? g_strdup ("package") : NULL;
}

void
recipe_package_override (RecipePackage *package, const char *field, char *const *values)
{
  g_hash_table_replace (package->overrides, g_strdup (field), g_strdupv ((char **)values));
}

bool
recipe_builds_with_run_needs (const Recipe *recipe)
{
  return recipe_has_function (recipe, "build") || recipe_has_function (recipe, "prepare");
}

char **
recipe_run_needs (const Recipe *recipe, const char *architecture)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) lists = g_ptr_array_new_with_free_func ((GDestroyNotify)g_strfreev);

  g_ptr_array_add (lists, recipe_values (recipe, "depends", architecture));
  for (guint i = 0; i < recipe->packages->len; i++)
    g_ptr_array_add (lists, recipe_package_values (recipe, recipe->packages->pdata[i], "depends", architecture));
  for (guint i = 0; i < lists->len; i++)
    for (char **need = lists->pdata[i]; *need; need++)
      {
        g_autofree char *name = g_strndup (*need, strcspn (*need, "<>=:"));

        if (!recipe_package (recipe, name) && g_hash_table_add (seen, g_strdup (*need)))
          g_strv_builder_add (all, *need);
      }
  return g_strv_builder_end (all);
}

#define recipe_refuse(error, ...) hive_error_refuse (error, HIVE_ERROR_RECIPE_INVALID, __VA_ARGS__)

/* More than makepkg asks: it becomes part of paths and of lines that people read. */
static bool
recipe_check_visible (const char *name, const char *value, GError **error)
{
  if (strlen (value) > FIELD_MAX)
    return recipe_refuse (error, "%s=%.20s… is longer than %d characters", name, value, FIELD_MAX);
  for (; *value; value++)
    if (!g_ascii_isgraph (*value))
      return recipe_refuse (error, "%s has a character that cannot be seen", name);
  return true;
}

bool
recipe_check (const Recipe *recipe, GError **error)
{
  static const char *const bounded[] = { "pkgver", "pkgrel", "epoch" };

  for (size_t i = 0; i < G_N_ELEMENTS (bounded); i++)
    {
      const char *value = recipe_value (recipe, bounded[i]);

      if (value && !recipe_check_visible (bounded[i], value, error))
        return false;
    }

  for (guint i = 0; i < recipe->packages->len; i++)
    {
      const RecipePackage *package = recipe->packages->pdata[i];
      g_autofree char *function = recipe_package_function (recipe, package);

      if (!recipe_check_visible ("pkgname", package->name, error))
        return false;
      if (!function && recipe->packages->len > 1)
        return recipe_refuse (error, "The PKGBUILD has no package_%s() function, which makes that package of it",
                              package->name);
      if (!function)
        return recipe_refuse (error, "The PKGBUILD has no package() function: it would install nothing");
    }
  return true;
}

bool
recipe_check_architecture (const Recipe *recipe, const char *architecture, GError **error)
{
  static char *none[] = { NULL };

  for (int i = -1; i < (int)recipe->packages->len; i++)
    {
      char **values = recipe_lookup (recipe, i < 0 ? NULL : recipe->packages->pdata[i], "arch");
      const char *const *list = (const char *const *)(values ? values : none);
      g_autofree char *shown = g_strjoinv (", ", values ? values : none);

      if (g_strv_contains (list, "any") || g_strv_contains (list, architecture) || (i >= 0 && !list[0]))
        continue;
      if (g_strv_contains (list, machine_architecture_alias ()) && g_str_equal (architecture, machine_architecture ()))
        g_set_error (error, HIVE_ERROR, HIVE_ERROR_PLATFORM_INCOMPATIBLE,
                     "The PKGBUILD is for %s (arch), and makepkg calls this machine %s: write that", shown,
                     architecture);
      else
        g_set_error (error, HIVE_ERROR, HIVE_ERROR_PLATFORM_INCOMPATIBLE,
                     N_ ("The PKGBUILD is for %s (arch), and this machine is %s"),
                     *shown ? shown : N_ ("no architecture"), architecture);
      return false;
    }
  return true;
}

static void
recipe_set_value (Recipe *recipe, const char *name, const char *value)
{
  g_hash_table_replace (recipe->variables, g_strdup (name), g_strdupv ((char *[]){ (char *)value, NULL }));
}

bool
recipe_set_pkgver (Recipe *recipe, const char *pkgver, GError **error)
{
  g_autofree char *why = NULL;

  if (!recipe_lint_version ("pkgver", pkgver, &why))
    return recipe_refuse (error, "pkgver() printed no legal version: %s", why);
  if (!recipe_check_visible ("What pkgver() printed", pkgver, error))
    return false;

  if (g_strcmp0 (recipe_value (recipe, "pkgver"), pkgver) != 0)
    {
      recipe_set_value (recipe, "pkgver", pkgver);
      recipe_set_value (recipe, "pkgrel", "1");
    }
  return true;
}

char *
recipe_version (const Recipe *recipe)
{
  const char *epoch = recipe_value (recipe, "epoch");

  /* As makepkg: 0 is what it is without one. */
  if (epoch && strspn (epoch, "0") == strlen (epoch))
    epoch = NULL;
  return g_strdup_printf ("%s%s%s-%s", epoch ? epoch : "", epoch ? ":" : "", recipe_value (recipe, "pkgver"),
                          recipe_value (recipe, "pkgrel"));
}
