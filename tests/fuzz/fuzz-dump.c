/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dumps of all kinds: what is believed is whole, and whatever it says, lint and .SRCINFO can live with it. */
#include <locale.h>
#include <stdint.h>
#include <string.h>

#include "error.h"
#include "recipe-dump.h"
#include "recipe-field.h"
#include "recipe-lint.h"
#include "srcinfo.h"

#define MARKER "M"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_problems (const GPtrArray *problems)
{
  for (guint i = 0; i < problems->len; i++)
    {
      g_assert_true (*(const char *)problems->pdata[i]);
      g_assert_true (g_utf8_validate (problems->pdata[i], -1, NULL));
    }
}

/* Lines "KEY = VALUE", those of fields behind a tab, and an empty one before each package. */
static void
check_srcinfo (const Recipe *recipe)
{
  GString *text = srcinfo_write (recipe);
  g_auto (GStrv) lines = g_strsplit (text->str, "\n", -1);
  guint packages = 0;

  g_assert_cmpuint (strlen (text->str), ==, text->len);
  g_assert_true (g_str_has_prefix (text->str, "pkgbase = "));
  g_assert_true (g_str_has_suffix (text->str, "\n"));
  for (char **line = lines; *line; line++)
    {
      packages += g_str_has_prefix (*line, "pkgname = ");
      g_assert_true (!**line || strstr (*line, " = "));
      g_assert_false (g_str_has_suffix (*line, "  "));
    }
  g_assert_cmpuint (packages, ==, recipe->packages->len);
  g_string_free (text, TRUE);
}

static void
check_package (const Recipe *recipe, const RecipePackage *package)
{
  g_autofree char *function = recipe_package_function (recipe, package);
  g_auto (GStrv) depends = recipe_package_values (recipe, package, "depends", "x86_64");

  g_assert_true (!function || recipe_has_function (recipe, function));
  g_assert_nonnull (depends);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GString) dump = g_string_new (NULL);
  g_autofree char *exact = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Recipe) recipe = NULL;
  g_autoptr (GPtrArray) problems = NULL;

  setlocale (LC_CTYPE, "C.UTF-8");
  g_string_append_len (dump, MARKER, sizeof MARKER);
  g_string_append_len (dump, (const char *)data, size);
  exact = g_memdup2 (dump->str, dump->len); /* nothing behind it that may be read */
  recipe = recipe_dump_read (exact, dump->len, MARKER, &error);
  g_assert_true ((recipe == NULL) == (error != NULL));
  if (!recipe)
    {
      g_assert_true (error->code == HIVE_ERROR_RECIPE_INVALID && g_utf8_validate (error->message, -1, NULL));
      return 0;
    }

  g_assert_true (size >= 2 && data[size - 1] == '\0');
  problems = recipe_lint (recipe, true);
  check_problems (problems);
  for (guint i = 0; i < recipe->packages->len; i++)
    check_package (recipe, recipe->packages->pdata[i]);
  if (problems->len == 0)
    {
      g_autofree char *version = recipe_version (recipe);

      g_assert_nonnull (strchr (version, '-'));
      check_srcinfo (recipe);
      recipe_check (recipe, NULL);
      recipe_check_architecture (recipe, "x86_64", NULL);
    }
  return 0;
}
