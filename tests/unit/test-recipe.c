/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <string.h>

#include "error.h"
#include "recipe.h"

/* A recipe of `NAME=VALUE` lines (several lines of a name make an array) and `NAME()` lines. */
static Recipe *
recipe_of (const char *const *lines)
{
  Recipe *recipe = recipe_new ();

  for (; *lines; lines++)
    {
      const char *equals = strchr (*lines, '=');
      g_autofree char *name = NULL;
      g_autoptr (GStrvBuilder) values = g_strv_builder_new ();
      char **before;

      if (!equals)
        {
          g_assert_true (g_str_has_suffix (*lines, "()"));
          g_hash_table_add (recipe->functions, g_strndup (*lines, strlen (*lines) - strlen ("()")));
          continue;
        }

      name = g_strndup (*lines, equals - *lines);
      if (g_str_equal (name, "pkgname"))
        recipe_package_add (recipe, equals + 1);
      before = g_hash_table_lookup (recipe->variables, name);
      if (before)
        g_strv_builder_addv (values, (const char **)before);
      g_strv_builder_add (values, equals + 1);
      g_hash_table_replace (recipe->variables, g_steal_pointer (&name), g_strv_builder_end (values));
    }
  return recipe;
}

static Recipe *
good_recipe (void)
{
  static const char *const lines[] = { "pkgname=worker", "pkgver=1.2", "pkgrel=3", "package()", NULL };

  return recipe_of (lines);
}

static void
set_value (Recipe *recipe, const char *name, const char *value)
{
  g_hash_table_replace (recipe->variables, g_strdup (name), g_strdupv ((char *[]){ (char *)value, NULL }));
}

/* Strings must be equal one by one. */
static void
assert_values (char **values, const char *const *expected)
{
  g_assert_nonnull (values);
  g_assert_cmpuint (g_strv_length (values), ==, g_strv_length ((char **)expected));
  for (size_t i = 0; expected[i]; i++)
    g_assert_cmpstr (values[i], ==, expected[i]);
}

static void
test_value_is_the_first_that_is_not_empty (void)
{
  static const char *const lines[] = { "pkgdesc=one", "pkgdesc=two", "url=", "license=", "license=MIT", NULL };
  g_autoptr (Recipe) recipe = recipe_of (lines);

  g_assert_cmpstr (recipe_value (recipe, "pkgdesc"), ==, "one");
  g_assert_null (recipe_value (recipe, "url"));
  g_assert_null (recipe_value (recipe, "license"));
  g_assert_null (recipe_value (recipe, "groups"));
}

static void
test_architecture_values_stand_behind_the_common_ones (void)
{
  static const char *const lines[] = { "source_x86_64=amd",   "source=a",      "source=b", "source_aarch64=arm",
                                       "depends_x86_64=cuda", "makedepends=c", NULL };
  static const struct
  {
    const char *name, *architecture, *expected[4];
  } cases[] = {
    { "source", "x86_64", { "a", "b", "amd" } }, { "source", "aarch64", { "a", "b", "arm" } },
    { "source", "riscv64", { "a", "b" } },       { "depends", "x86_64", { "cuda" } },
    { "depends", "aarch64", { NULL } },          { "makedepends", "x86_64", { "c" } },
    { "conflicts", "x86_64", { NULL } },
  };
  g_autoptr (Recipe) recipe = recipe_of (lines);

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (GStrv) values = recipe_values (recipe, cases[i].name, cases[i].architecture);

      assert_values (values, cases[i].expected);
    }
}

static void
test_each_package_of_a_split_recipe_needs_its_function (void)
{
  static const char *const lines[] = { "pkgname=a", "pkgname=b",   "pkgver=1",    "pkgrel=1",
                                       "package()", "package_a()", "package_b()", NULL };
  g_autoptr (Recipe) recipe = recipe_of (lines);
  g_autoptr (GError) error = NULL;

  g_assert_true (recipe_check (recipe, &error));
  g_assert_no_error (error);
  g_hash_table_remove (recipe->functions, "package_b");
  g_assert_false (recipe_check (recipe, &error));
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID);
  g_assert_nonnull (strstr (error->message, "package_b()"));
}

static void
test_package_function_is_needed (void)
{
  static const struct
  {
    const char *function;
    bool fine;
  } cases[] = {
    { "package", true },        { "package_worker", true }, { "build", false },
    { "package_other", false }, { "Package", false },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Recipe) recipe = good_recipe ();
      g_autoptr (GError) error = NULL;

      g_hash_table_remove_all (recipe->functions);
      g_hash_table_add (recipe->functions, g_strdup (cases[i].function));
      g_assert_cmpint (recipe_check (recipe, &error), ==, cases[i].fine);
      if (cases[i].fine)
        continue;
      g_assert_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID);
      g_assert_nonnull (strstr (error->message, "package()"));
    }
}

static void
test_version_has_the_epoch_before_it (void)
{
  static const struct
  {
    const char *epoch, *version;
  } cases[] = { { NULL, "1.2-3" }, { "", "1.2-3" }, { "2", "2:1.2-3" }, { "10", "10:1.2-3" } };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Recipe) recipe = good_recipe ();
      g_autofree char *version = NULL;

      if (cases[i].epoch)
        set_value (recipe, "epoch", cases[i].epoch);
      version = recipe_version (recipe);
      g_assert_cmpstr (version, ==, cases[i].version);
    }
}

/* makepkg's get_full_version(): `if (( epoch > 0 ))`. */
static void
test_epoch_zero_is_none (void)
{
  g_autoptr (Recipe) recipe = good_recipe ();
  g_autofree char *version = NULL;

  set_value (recipe, "epoch", "0");
  version = recipe_version (recipe);
  g_assert_cmpstr (version, ==, "1.2-3");
}

static void
test_new_pkgver_begins_at_release_one (void)
{
  g_autoptr (Recipe) recipe = good_recipe ();
  g_autoptr (GError) error = NULL;
  g_autofree char *version = NULL;

  g_assert_true (recipe_set_pkgver (recipe, "r7.gabc", &error));
  g_assert_no_error (error);
  version = recipe_version (recipe);
  g_assert_cmpstr (version, ==, "r7.gabc-1");
  g_assert_true (recipe_check (recipe, NULL));
}

static void
test_same_pkgver_keeps_the_release (void)
{
  g_autoptr (Recipe) recipe = good_recipe ();
  g_autofree char *version = NULL;

  g_assert_true (recipe_set_pkgver (recipe, "1.2", NULL));
  version = recipe_version (recipe);
  g_assert_cmpstr (version, ==, "1.2-3");
}

static void
test_illegal_pkgver_changes_nothing (void)
{
  static const char *const versions[] = { "",     "1-2",     "1:2",  "1/2",   "1 2",        "1\n2",
                                          "1\t2", "\033[2J", "\377", "1\177", "1\302\2402", "fatal: no tags" };

  for (size_t i = 0; i < G_N_ELEMENTS (versions); i++)
    {
      g_autoptr (Recipe) recipe = good_recipe ();
      g_autoptr (GError) error = NULL;
      g_autofree char *version = NULL;

      g_assert_false (recipe_set_pkgver (recipe, versions[i], &error));
      g_assert_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID);
      g_assert_nonnull (strstr (error->message, "pkgver()"));
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      version = recipe_version (recipe);
      g_assert_cmpstr (version, ==, "1.2-3");
    }
}

static void
test_what_a_package_overrides_stands_in_place_of_the_recipes_own (void)
{
  static const char *const lines[] = {
    "pkgname=a", "pkgname=b", "pkgdesc=both", "depends=x", "depends_x86_64=y", NULL
  };
  g_autoptr (Recipe) recipe = recipe_of (lines);
  RecipePackage *package = recipe_package (recipe, "b");
  g_auto (GStrv) before = recipe_package_values (recipe, package, "depends", "x86_64");
  g_auto (GStrv) after = NULL;
  g_auto (GStrv) other = NULL;

  assert_values (before, (const char *const[]){ "x", "y", NULL });
  recipe_package_override (package, "depends", (char *[]){ (char *)"z", NULL });
  recipe_package_override (package, "pkgdesc", (char *[]){ (char *)"mine", NULL });
  after = recipe_package_values (recipe, package, "depends", "x86_64");
  assert_values (after, (const char *const[]){ "z", "y", NULL });
  g_assert_cmpstr (recipe_package_value (recipe, package, "pkgdesc"), ==, "mine");
  other = recipe_package_values (recipe, recipe_package (recipe, "a"), "depends", "aarch64");
  assert_values (other, (const char *const[]){ "x", NULL });
  g_assert_cmpstr (recipe_package_value (recipe, recipe_package (recipe, "a"), "pkgdesc"), ==, "both");
  g_assert_null (recipe_package (recipe, "c"));
}

static void
test_package_is_made_by_its_own_function_or_the_only_one (void)
{
  static const struct
  {
    const char *lines[6], *function;
  } cases[] = {
    { { "pkgname=a", "package()" }, "package" },
    { { "pkgname=a", "package_a()" }, "package_a" },
    { { "pkgname=a", "pkgname=b", "package_a()", "package_b()" }, "package_a" },
    { { "pkgname=a", "pkgname=b", "package()" }, NULL },
    { { "pkgname=a" }, NULL },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Recipe) recipe = recipe_of (cases[i].lines);
      g_autofree char *function = recipe_package_function (recipe, recipe->packages->pdata[0]);

      g_assert_cmpstr (function, ==, cases[i].function);
    }
}

static void
test_architecture_of_the_recipe_and_of_each_package_counts (void)
{
  static const struct
  {
    const char *lines[4], *own;
    bool fine;
  } cases[] = {
    { { "pkgname=a", "arch=any" }, NULL, true },      { { "pkgname=a", "arch=aarch64", "arch=x86_64" }, NULL, true },
    { { "pkgname=a", "arch=aarch64" }, NULL, false }, { { "pkgname=a" }, NULL, false },
    { { "pkgname=a", "arch=x86_64" }, "any", true },  { { "pkgname=a", "arch=x86_64" }, "aarch64", false },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Recipe) recipe = recipe_of (cases[i].lines);
      g_autoptr (GError) error = NULL;

      if (cases[i].own)
        recipe_package_override (recipe->packages->pdata[0], "arch", (char *[]){ (char *)cases[i].own, NULL });
      g_assert_cmpint (recipe_check_architecture (recipe, "x86_64", &error), ==, cases[i].fine);
      if (!cases[i].fine)
        g_assert_error (error, HIVE_ERROR, HIVE_ERROR_PLATFORM_INCOMPATIBLE);
    }
}

static void
test_name_or_version_that_is_long_or_hides_something_is_refused (void)
{
  static const char *const fields[] = { "pkgver", "pkgrel", "epoch" };
  g_autofree char *far_too_long = g_strnfill (101, '1');

  for (size_t i = 0; i < G_N_ELEMENTS (fields); i++)
    for (int how = 0; how < 2; how++)
      {
        g_autoptr (Recipe) recipe = good_recipe ();
        g_autoptr (GError) error = NULL;

        set_value (recipe, fields[i], how ? far_too_long : "1\0332");
        g_assert_false (recipe_check (recipe, &error));
        g_assert_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID);
        g_assert_true (g_str_has_prefix (error->message, fields[i]));
      }
}

int
main (int argc, char **argv)
{
  setlocale (LC_CTYPE, "C.UTF-8");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recipe/value-is-the-first-that-is-not-empty", test_value_is_the_first_that_is_not_empty);
  g_test_add_func ("/recipe/architecture-values-stand-behind-the-common-ones",
                   test_architecture_values_stand_behind_the_common_ones);
  g_test_add_func ("/recipe/check/each-package-of-a-split-recipe-needs-its-function",
                   test_each_package_of_a_split_recipe_needs_its_function);
  g_test_add_func ("/recipe/check/package-function-is-needed", test_package_function_is_needed);
  g_test_add_func ("/recipe/version/epoch-stands-before-it", test_version_has_the_epoch_before_it);
  g_test_add_func ("/recipe/version/epoch-zero-is-none", test_epoch_zero_is_none);
  g_test_add_func ("/recipe/pkgver/new-one-begins-at-release-one", test_new_pkgver_begins_at_release_one);
  g_test_add_func ("/recipe/pkgver/same-one-keeps-the-release", test_same_pkgver_keeps_the_release);
  g_test_add_func ("/recipe/pkgver/illegal-one-changes-nothing", test_illegal_pkgver_changes_nothing);
  g_test_add_func ("/recipe/package/overrides-stand-in-place-of-the-recipes-own",
                   test_what_a_package_overrides_stands_in_place_of_the_recipes_own);
  g_test_add_func ("/recipe/package/made-by-its-own-function-or-the-only-one",
                   test_package_is_made_by_its_own_function_or_the_only_one);
  g_test_add_func ("/recipe/architecture/of-the-recipe-and-of-each-package-counts",
                   test_architecture_of_the_recipe_and_of_each_package_counts);
  g_test_add_func ("/recipe/check/long-or-hidden-name-or-version-is-refused",
                   test_name_or_version_that_is_long_or_hides_something_is_refused);
  return g_test_run ();
}
