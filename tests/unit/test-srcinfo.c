/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>

#include "srcinfo.h"

static void
set_values (GHashTable *table, const char *name, const char *const *values)
{
  g_hash_table_replace (table, g_strdup (name), g_strdupv ((char **)values));
}

static void
assert_srcinfo (const Recipe *recipe, const char *expected)
{
  GString *text = srcinfo_write (recipe);

  g_assert_cmpstr (text->str, ==, expected);
  g_string_free (text, TRUE);
}

#define VALUES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
test_sections_have_makepkgs_order (void)
{
  g_autoptr (Recipe) recipe = recipe_new ();
  RecipePackage *package = recipe_package_add (recipe, "a");

  set_values (recipe->variables, "pkgname", VALUES ("a", "b"));
  set_values (recipe->variables, "pkgbase", VALUES ("base"));
  set_values (recipe->variables, "pkgver", VALUES ("1"));
  set_values (recipe->variables, "pkgrel", VALUES ("2"));
  set_values (recipe->variables, "arch", VALUES ("x86_64", "any"));
  set_values (recipe->variables, "depends", VALUES ("y"));
  set_values (recipe->variables, "makedepends", VALUES ("x"));
  set_values (recipe->variables, "source_x86_64", VALUES ("s"));
  set_values (recipe->variables, "source_any", VALUES ("not shown"));
  set_values (recipe->variables, "groups", (const char *const[]){ NULL });
  set_values (recipe->variables, "epoch", VALUES (""));
  set_values (package->overrides, "pkgdesc", VALUES (""));
  set_values (package->overrides, "depends", (const char *const[]){ NULL });
  set_values (package->overrides, "depends_x86_64", VALUES ("z"));
  recipe_package_add (recipe, "b");
  assert_srcinfo (recipe, "pkgbase = base\n\tpkgver = 1\n\tpkgrel = 2\n\tarch = x86_64\n\tarch = any\n"
                          "\tmakedepends = x\n\tdepends = y\n\tsource_x86_64 = s\n\n"
                          "pkgname = a\n\tpkgdesc = \n\tdepends = \n\tdepends_x86_64 = z\n\npkgname = b\n");
}

static void
test_white_space_is_one_space_within_and_none_around (void)
{
  static const struct
  {
    const char *value, *shown;
  } cases[] = {
    { "a  b", "a b" },
    { " \t a\n\nb \n", "a b" },
    { "   ", "" },
    { "", "" },
    { "ideographic\343\200\200\342\200\203em", "ideographic em" },
    { "no\302\240break", "no\302\240break" },
    { "caf\351  latin  one \240", "caf\351 latin one \240" },
    { "\351\343\200\200x", "\351\343\200\200x" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Recipe) recipe = recipe_new ();
      g_autofree char *expected = g_strdup_printf ("pkgbase = a\n\tlicense = %s\n", cases[i].shown);

      set_values (recipe->variables, "pkgname", VALUES ("a"));
      set_values (recipe->variables, "license", VALUES (cases[i].value));
      assert_srcinfo (recipe, expected);
    }
}

int
main (int argc, char **argv)
{
  setlocale (LC_CTYPE, "C.UTF-8");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/srcinfo/sections-have-makepkgs-order", test_sections_have_makepkgs_order);
  g_test_add_func ("/srcinfo/white-space-is-one-space-within-and-none-around",
                   test_white_space_is_one_space_within_and_none_around);
  return g_test_run ();
}
