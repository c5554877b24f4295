/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <string.h>

#include "error.h"
#include "recipe-lint.h"

/* Takes a line: `NAME=VALUE` (a string), `NAME+=VALUE` (an element of an array, `NAME+=` none), `NAME()`, and with `>`
 * before it the same within the package function of the last package. `set -x` is an option that is left on. */
static void
recipe_add (Recipe *recipe, const char *line)
{
  bool within = *line == '>';
  RecipePackage *package = within ? recipe->packages->pdata[recipe->packages->len - 1] : NULL;
  const char *equals = strchr (line, '=');
  bool array = equals && equals[-1] == '+';
  g_autofree char *name = equals ? g_strndup (line + within, equals - line - within - array) : g_strdup (line + within);
  GHashTable *values = package ? package->overrides : recipe->variables;
  GHashTable *kinds = package ? package->assigned : recipe->kinds;
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  char **before = equals ? g_hash_table_lookup (values, name) : NULL;

  if (g_str_has_prefix (line, "set -"))
    {
      g_free (recipe->options);
      recipe->options = g_strdup (line + strlen ("set -"));
      return;
    }
  if (!equals)
    {
      g_hash_table_add (recipe->functions, g_strndup (line, strlen (line) - strlen ("()")));
      return;
    }
  if (array && before)
    g_strv_builder_addv (all, (const char **)before);
  if (!array || equals[1])
    g_strv_builder_add (all, equals + 1);
  if (g_str_equal (name, "pkgname") && !within)
    {
      if (!array)
        g_ptr_array_set_size (recipe->packages, 0);
      recipe_package_add (recipe, equals + 1);
    }
  g_hash_table_replace (kinds, g_strdup (name), GUINT_TO_POINTER (array ? RECIPE_ARRAY : RECIPE_STRING));
  g_hash_table_replace (values, g_steal_pointer (&name), g_strv_builder_end (all));
}

static Recipe *
recipe_with (const char *const *lines)
{
  static const char *const good[] = { "pkgname=worker", "pkgver=1.2", "pkgrel=3", "arch+=x86_64", "package()", NULL };
  Recipe *recipe = recipe_new ();

  for (const char *const *line = good; *line; line++)
    recipe_add (recipe, *line);
  for (; *lines; lines++)
    recipe_add (recipe, *lines);
  return recipe;
}

#define MAX_LINES 6

static void
test_what_makepkg_lets_pass_is_fine (void)
{
  static const char *const cases[][MAX_LINES] = {
    { NULL },
    { "pkgname=llm-worker_rbee+x@1.0" },
    { "pkgname=9p" },
    { "pkgname=_x" },
    { "pkgver=r12.g1234abc" },
    { "pkgver=1.0_rc1+x~2" },
    { "pkgver=1\0332" },
    { "pkgrel=10.2" },
    { "epoch=0" },
    { "epoch=12" },
    { "epoch=" },
    { "pkgbase=base" },
    { "arch+=aarch64", "source_aarch64+=x", "depends_x86_64+=y" },
    { "depends+=a", "depends+=b>=1", "depends+=c<1:2-3.4", "depends+=libfoo.so=1-64", "depends+=lib++" },
    { "depends+=a=" },
    { "makedepends+=a==1", "makedepends+=b=>1" },
    { "optdepends+=a: for: b", "optdepends+=c>=1:\tfor d" },
    { "provides+=a=1", "provides+=libb.so=2-64", "provides+=c" },
    { "conflicts+=a>1" },
    { "replaces+=any thing is fine", "license+=too" },
    { "backup+=etc/x" },
    { "options+=!strip", "options+=debug", "options+=!lto" },
    { ">depends+=x", ">pkgdesc=y", ">depends_x86_64+=z", ">install=w" },
    { "set -ehB" },
    { "url_base=x", "source_dir=y" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Recipe) recipe = recipe_with (cases[i]);
      g_autoptr (GError) error = NULL;

      recipe_lint_check (recipe, true, &error);
      if (error)
        g_test_message ("%s: %s", cases[i][0], error->message);
      g_assert_no_error (error);
    }
}

static void
test_split_recipe_has_a_function_for_each_package_and_no_other (void)
{
  g_autoptr (Recipe) recipe =
      recipe_with ((const char *const[]){ "pkgname+=b", "package_worker()", "package_b()", NULL });
  g_autoptr (GError) error = NULL;

  g_assert_false (recipe_lint_check (recipe, false, &error));
  g_assert_nonnull (strstr (error->message, "package() is one too many"));
  g_hash_table_remove (recipe->functions, "package");
  g_assert_true (recipe_lint_check (recipe, false, NULL));
}

static void
test_broken_rule_names_field_and_value (void)
{
  static const struct
  {
    const char *line, *named;
  } cases[] = {
    { "pkgname=", "pkgname" },
    { "pkgver=", "pkgver" },
    { "pkgrel=", "pkgrel" },
    { "pkgname=-worker", "pkgname=-worker" },
    { "pkgname=.worker", "pkgname=.worker" },
    { "pkgname=a/b", "pkgname=a/b" },
    { "pkgname=a b", "pkgname=a b" },
    { "pkgname=a\nb", "pkgname=a" },
    { "pkgname=B\303\274ch", "pkgname=B\303\274ch" },
    { "pkgname=B\374ch", "pkgname=B" },
    { "pkgname=a:b", "pkgname=a:b" },
    { "pkgname=a*", "pkgname=a*" },
    { "pkgbase=a b", "pkgbase=a b" },
    { "pkgver=1:2", "pkgver=1:2" },
    { "pkgver=1/2", "pkgver=1/2" },
    { "pkgver=1-2", "pkgver=1-2" },
    { "pkgver=1 2", "pkgver=1 2" },
    { "pkgver=1\302\2402", "pkgver=1" },
    { "pkgrel=x", "pkgrel=x" },
    { "pkgrel=1.", "pkgrel=1." },
    { "pkgrel=.1", "pkgrel=.1" },
    { "pkgrel=1.2.3", "pkgrel=1.2.3" },
    { "pkgrel=-1", "pkgrel=-1" },
    { "epoch=x", "epoch=x" },
    { "epoch=1.0", "epoch=1.0" },
    { "epoch= 1", "epoch= 1" },
    { "arch+=any", "arch" },
    { "arch+=x86-64", "arch=x86-64" },
    { "depends+=a b", "depends=a b" },
    { "depends+=", NULL },
    { "depends+=>=1", "depends=>=1" },
    { "depends+=a>=1-2-3", "depends=a>=1-2-3" },
    { "depends+=a=x:1", "depends=a=x:1" },
    { "depends_x86_64+=a b", "depends=a b" },
    { ">depends+=a b", "depends=a b" },
    { "makedepends+=a=", "makedepends=a=" },
    { "checkdepends+=a>=1-x", "checkdepends=a>=1-x" },
    { "optdepends+=a:b", "optdepends=a:b" },
    { "optdepends+=a>=: why", "optdepends=a>=" },
    { "conflicts+=-a", "conflicts=-a" },
    { "provides+=a>1", "provides=a>1" },
    { "provides+=a=", "provides=a=" },
    { "backup+=/etc/x", "backup=/etc/x" },
    { ">backup+=/etc/x", "backup=/etc/x" },
    { "options+=!stripp", "options=!stripp" },
    { "options+=check", "options=check" },
    { "depends=a", "depends" },
    { "arch=x86_64", "arch" },
    { "source_x86_64=a", "source_x86_64" },
    { "pkgdesc+=a", "pkgdesc" },
    { ">depends=a", "depends" },
    { ">url+=a", "url" },
    { ">depends_x86_64=a", "depends_x86_64" },
    { "license_x86_64+=a", "license_x86_64" },
    { "url_x86_64=a", "url_x86_64" },
    { ">install_x86_64=a", "install_x86_64" },
    { ">source+=a", "source" },
    { ">pkgver=2", "pkgver" },
    { ">makedepends+=a", "makedepends" },
    { ">sha256sums_x86_64+=a", "sha256sums_x86_64" },
    { "package_worker()", "package_worker()" },
    { "pkgname+=b", "package_b()" },
    { "set -u", "set -u" },
    { "set -hBE", "set -E" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Recipe) recipe = recipe_with ((const char *const[]){ cases[i].line, NULL });
      g_autoptr (GPtrArray) problems = recipe_lint (recipe, true);
      bool found = false;

      if (!cases[i].named)
        {
          g_assert_cmpuint (problems->len, ==, 0);
          continue;
        }
      for (guint j = 0; j < problems->len; j++)
        {
          g_assert_true (g_utf8_validate (problems->pdata[j], -1, NULL));
          found = found || strstr (problems->pdata[j], cases[i].named);
        }
      if (!found)
        g_test_message ("%s: %s", cases[i].line, problems->len ? (char *)problems->pdata[0] : "passed");
      g_assert_true (found);
    }
}

static void
test_element_that_is_empty_is_named (void)
{
  g_autoptr (Recipe) recipe = recipe_with ((const char *const[]){ NULL });
  g_autoptr (GError) error = NULL;

  g_hash_table_replace (recipe->variables, g_strdup ("depends"), g_strdupv ((char *[]){ (char *)"", NULL }));
  g_hash_table_replace (recipe->kinds, g_strdup ("depends"), GUINT_TO_POINTER (RECIPE_ARRAY));
  g_assert_false (recipe_lint_check (recipe, false, &error));
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID);
  g_assert_nonnull (strstr (error->message, "depends"));
}

static void
test_any_architecture_has_no_fields_of_its_own (void)
{
  static const char *const lines[] = { "depends_any+=x", "url_any=y", ">depends_any+=z", NULL };
  g_autoptr (Recipe) recipe = recipe_with ((const char *const[]){ NULL });
  g_autoptr (GPtrArray) problems = NULL;

  g_hash_table_replace (recipe->variables, g_strdup ("arch"), g_strdupv ((char *[]){ (char *)"any", NULL }));
  for (size_t i = 0; lines[i]; i++)
    recipe_add (recipe, lines[i]);
  problems = recipe_lint (recipe, false);
  g_assert_cmpuint (problems->len, ==, 3);
}

static void
test_missing_install_file_is_told_where_files_are_there (void)
{
  g_autoptr (Recipe) recipe = recipe_with ((const char *const[]){ NULL });
  g_autoptr (GError) error = NULL;

  g_hash_table_replace (recipe->missing, g_strdup ("x.install"), g_strdup ("install"));
  g_assert_true (recipe_lint_check (recipe, false, NULL));
  g_assert_false (recipe_lint_check (recipe, true, &error));
  g_assert_nonnull (strstr (error->message, "install=x.install"));
}

static void
test_holes_in_source_are_told (void)
{
  g_autoptr (Recipe) recipe = recipe_with ((const char *const[]){ "source+=a", NULL });
  g_autoptr (GError) error = NULL;

  g_hash_table_replace (recipe->kinds, g_strdup ("source"), GUINT_TO_POINTER (RECIPE_ARRAY | RECIPE_SPARSE));
  g_assert_false (recipe_lint_check (recipe, false, &error));
  g_assert_nonnull (strstr (error->message, "source has holes"));
}

static void
test_build_without_package_is_told (void)
{
  g_autoptr (Recipe) recipe = recipe_with ((const char *const[]){ "build()", NULL });
  g_autoptr (GError) error = NULL;

  g_hash_table_remove (recipe->functions, "package");
  g_assert_false (recipe_lint_check (recipe, false, &error));
  g_assert_nonnull (strstr (error->message, "package()"));
  /* A package of dependencies alone. */
  g_hash_table_remove (recipe->functions, "build");
  g_assert_true (recipe_lint_check (recipe, false, NULL));
}

int
main (int argc, char **argv)
{
  setlocale (LC_CTYPE, "C.UTF-8");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recipe-lint/what-makepkg-lets-pass-is-fine", test_what_makepkg_lets_pass_is_fine);
  g_test_add_func ("/recipe-lint/broken-rule-names-field-and-value", test_broken_rule_names_field_and_value);
  g_test_add_func ("/recipe-lint/split-recipe-has-a-function-for-each-package-and-no-other",
                   test_split_recipe_has_a_function_for_each_package_and_no_other);
  g_test_add_func ("/recipe-lint/element-that-is-empty-is-named", test_element_that_is_empty_is_named);
  g_test_add_func ("/recipe-lint/any-architecture-has-no-fields-of-its-own",
                   test_any_architecture_has_no_fields_of_its_own);
  g_test_add_func ("/recipe-lint/missing-install-file-is-told-where-files-are-there",
                   test_missing_install_file_is_told_where_files_are_there);
  g_test_add_func ("/recipe-lint/holes-in-source-are-told", test_holes_in_source_are_told);
  g_test_add_func ("/recipe-lint/build-without-package-is-told", test_build_without_package_is_told);
  return g_test_run ();
}
