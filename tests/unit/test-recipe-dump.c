/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "error.h"
#include "recipe-dump.h"

/* A dump's words, each with its NUL, from a literal whose own NUL is the last. */
#define DUMP(literal)                                                                                                  \
  {                                                                                                                    \
    literal, sizeof literal                                                                                            \
  }

typedef struct
{
  const char *bytes;
  size_t length;
} Dump;

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
assert_dump_is_refused (const char *bytes, size_t length, const char *why)
{
  /* Right behind the dump lies nothing that may be read: the sanitizers see it. */
  g_autofree char *copy = g_malloc (MAX (length, 1));
  g_autoptr (GError) error = NULL;
  g_autoptr (Recipe) recipe = NULL;

  memcpy (copy, bytes, length);
  recipe = recipe_dump_read (copy, length, "M", &error);
  if (recipe)
    g_test_message ("accepted: %s", bytes);
  g_assert_null (recipe);
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_nonnull (strstr (error->message, why));
}

static void
test_dump_becomes_variables_and_functions (void)
{
  static const char dump[] = "M\0o\0ehuB\0"
                             "v\0pkgname\0s\0001\0worker\0"
                             "v\0source\0h\0003\0a\0\0c d\ne\0"
                             "v\0depends\0a\0000\0"
                             "v\0pkgdesc\0s\0001\0caf\351\0"
                             "f\0package\nbuild\n\0e\0006";
  g_autoptr (GError) error = NULL;
  g_autoptr (Recipe) recipe = recipe_dump_read (dump, sizeof dump, "M", &error);

  g_assert_no_error (error);
  g_assert_nonnull (recipe);
  g_assert_cmpuint (g_hash_table_size (recipe->variables), ==, 4);
  g_assert_cmpuint (g_hash_table_size (recipe->functions), ==, 2);
  g_assert_cmpstr (recipe_value (recipe, "pkgname"), ==, "worker");
  g_assert_cmpstr (recipe_value (recipe, "pkgdesc"), ==, "caf\351");
  g_assert_cmpstr (recipe->options, ==, "ehuB");
  assert_values (g_hash_table_lookup (recipe->variables, "source"), (const char *const[]){ "a", "", "c d\ne", NULL });
  assert_values (g_hash_table_lookup (recipe->variables, "depends"), (const char *const[]){ NULL });
  g_assert_cmpuint (GPOINTER_TO_UINT (g_hash_table_lookup (recipe->kinds, "pkgname")), ==, RECIPE_STRING);
  g_assert_cmpuint (GPOINTER_TO_UINT (g_hash_table_lookup (recipe->kinds, "depends")), ==, RECIPE_ARRAY);
  g_assert_cmpuint (GPOINTER_TO_UINT (g_hash_table_lookup (recipe->kinds, "source")), ==, RECIPE_ARRAY | RECIPE_SPARSE);
  g_assert_true (recipe_has_function (recipe, "package"));
  g_assert_true (recipe_has_function (recipe, "build"));
  g_assert_false (recipe_has_function (recipe, "prepare"));
  g_assert_false (recipe_has_function (recipe, "pkgname"));
}

static void
test_overrides_belong_to_the_package_before_them (void)
{
  static const char dump[] = "M\0p\0one\0a\0depends\0a\0002\0x\0y\0"
                             "a\0pkgdesc\0s\0001\0first\0p\0two\0"
                             "a\0depends\0a\0000\0l\0depends\0a\0001\0z\0m\0install\0two.install\0e\0007";
  g_autoptr (Recipe) recipe = recipe_dump_read (dump, sizeof dump, "M", NULL);
  RecipePackage *one, *two;

  g_assert_nonnull (recipe);
  g_assert_cmpuint (recipe->packages->len, ==, 2);
  one = recipe_package (recipe, "one");
  two = recipe_package (recipe, "two");
  assert_values (g_hash_table_lookup (one->overrides, "depends"), (const char *const[]){ "x", "y", NULL });
  assert_values (g_hash_table_lookup (one->overrides, "pkgdesc"), (const char *const[]){ "first", NULL });
  assert_values (g_hash_table_lookup (two->overrides, "depends"), (const char *const[]){ NULL });
  g_assert_null (g_hash_table_lookup (two->overrides, "pkgdesc"));
  assert_values (g_hash_table_lookup (two->linted, "depends"), (const char *const[]){ "z", NULL });
  g_assert_cmpuint (GPOINTER_TO_UINT (g_hash_table_lookup (one->assigned, "pkgdesc")), ==, RECIPE_STRING);
  g_assert_cmpstr (g_hash_table_lookup (recipe->missing, "two.install"), ==, "install");
}

static void
test_field_that_is_assigned_in_both_ways_is_known_for_both (void)
{
  static const char dump[] = "M\0p\0one\0a\0depends\0s\0001\0x\0a\0depends\0a\0001\0y\0e\0003";
  g_autoptr (Recipe) recipe = recipe_dump_read (dump, sizeof dump, "M", NULL);

  g_assert_nonnull (recipe);
  g_assert_cmpuint (GPOINTER_TO_UINT (
                        g_hash_table_lookup (((RecipePackage *)recipe->packages->pdata[0])->assigned, "depends")),
                    ==, RECIPE_STRING | RECIPE_ARRAY);
}

static void
test_words_of_the_format_are_values_too (void)
{
  static const char dump[] = "M\0v\0source\0a\0004\0e\0v\0f\0s\0f\0r\0e\0002";
  g_autoptr (Recipe) recipe = recipe_dump_read (dump, sizeof dump, "M", NULL);

  g_assert_nonnull (recipe);
  assert_values (g_hash_table_lookup (recipe->variables, "source"), (const char *const[]){ "e", "v", "f", "s", NULL });
  g_assert_true (recipe_has_function (recipe, "r"));
}

static void
test_dump_cut_anywhere_is_refused (void)
{
  static const char dump[] = "M\0o\0hB\0v\0pkgname\0s\0001\0worker\0v\0source\0a\0002\0a\0b\0f\0package\0p\0worker\0"
                             "a\0depends\0a\0001\0x\0m\0install\0y\0e\0007";

  g_autoptr (Recipe) whole = recipe_dump_read (dump, sizeof dump, "M", NULL);

  g_assert_nonnull (whole);
  for (size_t length = 0; length < sizeof dump; length++)
    assert_dump_is_refused (dump, length, "evaluation");
}

/* `printf 'v\0…' >&19` in a recipe that does not know the marker. */
static void
test_dump_without_its_marker_is_refused (void)
{
  static const Dump dumps[] = {
    DUMP ("v\0pkgver\0s\0001\0forged\0e\0001"),
    DUMP ("N\0v\0pkgver\0s\0001\0forged\0e\0001"),
    DUMP ("M\0e\0001"),
  };

  for (size_t i = 0; i < G_N_ELEMENTS (dumps); i++)
    assert_dump_is_refused (dumps[i].bytes, dumps[i].length, "evaluation");
}

static void
test_noise_before_the_marker_is_passed_over (void)
{
  static const char dump[] = "v\0pkgver\0s\0001\0forged\0e\0001\0M\0v\0pkgver\0s\0001\0002\0e\0001";
  g_autoptr (Recipe) recipe = recipe_dump_read (dump, sizeof dump, "M", NULL);

  g_assert_nonnull (recipe);
  g_assert_cmpstr (recipe_value (recipe, "pkgver"), ==, "2");
}

static void
test_ill_formed_dump_is_refused (void)
{
  static const Dump dumps[] = {
    DUMP (""),
    DUMP ("M\0x\0e\0000"),
    DUMP ("M\0\0e\0000"),
    DUMP ("M\0E\0000"),
    DUMP ("M\0e\0000\0e\0000"),
    DUMP ("M\0e\0"
          "00\0v"),
    DUMP ("M\0v\0pkgname\0e\0001"),
    DUMP ("M\0v\0pkgname\0s\0\0a\0e\0001"),
    DUMP ("M\0v\0pkgname\0s\0one\0a\0e\0001"),
    DUMP ("M\0v\0pkgname\0s\0"
          "1 \0a\0e\0001"),
    DUMP ("M\0v\0pkgname\0s\0-1\0a\0e\0001"),
    DUMP ("M\0v\0pkgname\0s\0"
          "0x1\0a\0e\0001"),
    DUMP ("M\0v\0pkgname\0s\0"
          "2\0a\0e\0001"),
    DUMP ("M\0v\0pkgname\0x\0"
          "1\0a\0e\0001"),
    DUMP ("M\0v\0pkgname\0sa\0"
          "1\0a\0e\0001"),
    DUMP ("M\0v\0\377\0s\0"
          "1\0a\0e\0001"),
    DUMP ("M\0a\0depends\0a\0"
          "1\0a\0e\0001"),
  };

  for (size_t i = 0; i < G_N_ELEMENTS (dumps); i++)
    assert_dump_is_refused (dumps[i].bytes, dumps[i].length, "evaluation");
}

static void
test_huge_count_is_refused (void)
{
  static const char *const counts[] = { "3",
                                        "1000000",
                                        "1000001",
                                        "4294967297",
                                        "18446744073709551615",
                                        "18446744073709551617",
                                        "99999999999999999999999999999999" };

  for (size_t i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autoptr (GString) dump = g_string_new (NULL);

      g_string_append_len (dump, "M\0v\0pkgname\0a", sizeof "M\0v\0pkgname\0a");
      g_string_append_len (dump, counts[i], strlen (counts[i]) + 1);
      g_string_append_len (dump, "a\0e\0001", sizeof "a\0e\0001");
      assert_dump_is_refused (dump->str, dump->len, "evaluation");
    }
}

static void
test_failed_sourcing_is_told (void)
{
  static const Dump dumps[] = {
    DUMP ("M\0s\0001\0e\0001"),
    DUMP ("M\0s"),
  };

  for (size_t i = 0; i < G_N_ELEMENTS (dumps); i++)
    assert_dump_is_refused (dumps[i].bytes, dumps[i].length, "not valid bash");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recipe-dump/becomes-variables-and-functions", test_dump_becomes_variables_and_functions);
  g_test_add_func ("/recipe-dump/overrides-belong-to-the-package-before-them",
                   test_overrides_belong_to_the_package_before_them);
  g_test_add_func ("/recipe-dump/field-that-is-assigned-in-both-ways-is-known-for-both",
                   test_field_that_is_assigned_in_both_ways_is_known_for_both);
  g_test_add_func ("/recipe-dump/words-of-the-format-are-values-too", test_words_of_the_format_are_values_too);
  g_test_add_func ("/recipe-dump/cut-anywhere-is-refused", test_dump_cut_anywhere_is_refused);
  g_test_add_func ("/recipe-dump/without-its-marker-is-refused", test_dump_without_its_marker_is_refused);
  g_test_add_func ("/recipe-dump/noise-before-the-marker-is-passed-over", test_noise_before_the_marker_is_passed_over);
  g_test_add_func ("/recipe-dump/ill-formed-is-refused", test_ill_formed_dump_is_refused);
  g_test_add_func ("/recipe-dump/huge-count-is-refused", test_huge_count_is_refused);
  g_test_add_func ("/recipe-dump/failed-sourcing-is-told", test_failed_sourcing_is_told);
  return g_test_run ();
}
