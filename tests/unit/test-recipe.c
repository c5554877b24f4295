/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recipe.h"

#include "error.h"

#include <string.h>

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
assert_dump_is_refused (const char *bytes, size_t length, const char *why)
{
  /* Right behind the dump lies nothing that may be read: the sanitizers see it. */
  g_autofree char *copy = g_malloc (MAX (length, 1));
  g_autoptr (GError) error = NULL;
  g_autoptr (Recipe) recipe = NULL;

  memcpy (copy, bytes, length);
  recipe = recipe_parse_dump (copy, length, &error);
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
  static const char dump[] = "v\0pkgname\0001\0worker\0"
                             "v\0source\0003\0a\0\0c d\ne\0"
                             "v\0depends\0000\0"
                             "v\0pkgdesc\0001\0B\303\274cher\0"
                             "f\0package\0f\0build\0e";
  g_autoptr (GError) error = NULL;
  g_autoptr (Recipe) recipe = recipe_parse_dump (dump, sizeof dump, &error);

  g_assert_no_error (error);
  g_assert_nonnull (recipe);
  g_assert_cmpuint (g_hash_table_size (recipe->variables), ==, 4);
  g_assert_cmpuint (g_hash_table_size (recipe->functions), ==, 2);
  g_assert_cmpstr (recipe_value (recipe, "pkgname"), ==, "worker");
  g_assert_cmpstr (recipe_value (recipe, "pkgdesc"), ==, "B\303\274cher");
  assert_values (g_hash_table_lookup (recipe->variables, "source"), (const char *const[]){ "a", "", "c d\ne", NULL });
  assert_values (g_hash_table_lookup (recipe->variables, "depends"), (const char *const[]){ NULL });
  g_assert_true (recipe_has_function (recipe, "package"));
  g_assert_true (recipe_has_function (recipe, "build"));
  g_assert_false (recipe_has_function (recipe, "prepare"));
  g_assert_false (recipe_has_function (recipe, "pkgname"));
}

static void
test_empty_dump_has_no_values (void)
{
  g_autoptr (Recipe) recipe = recipe_parse_dump ("e", 2, NULL);

  g_assert_nonnull (recipe);
  g_assert_cmpuint (g_hash_table_size (recipe->variables), ==, 0);
  g_assert_null (recipe_value (recipe, "pkgname"));
}

static void
test_words_of_the_format_are_values_too (void)
{
  static const char dump[] = "v\0source\0004\0e\0v\0f\0s\0f\0r\0e";
  g_autoptr (Recipe) recipe = recipe_parse_dump (dump, sizeof dump, NULL);

  g_assert_nonnull (recipe);
  assert_values (g_hash_table_lookup (recipe->variables, "source"), (const char *const[]){ "e", "v", "f", "s", NULL });
  g_assert_true (recipe_has_function (recipe, "r"));
}

static void
test_later_value_replaces_earlier (void)
{
  static const char dump[] = "v\0pkgver\0002\0001\0002\0v\0pkgver\0001\0003\0e";
  g_autoptr (Recipe) recipe = recipe_parse_dump (dump, sizeof dump, NULL);

  g_assert_nonnull (recipe);
  assert_values (g_hash_table_lookup (recipe->variables, "pkgver"), (const char *const[]){ "3", NULL });
}

static void
test_dump_cut_anywhere_is_refused (void)
{
  static const char dump[] = "v\0pkgname\0001\0worker\0v\0source\0002\0a\0b\0f\0package\0e";

  for (size_t length = 0; length < sizeof dump; length++)
    assert_dump_is_refused (dump, length, "evaluation");
}

/* `printf 'f\0' >&9; exit` in a recipe. */
static void
test_dump_cut_behind_a_keyword_is_refused (void)
{
  static const Dump dumps[] = {
    DUMP ("v"), DUMP ("f"), DUMP ("r"), DUMP ("f\0package\0f"), DUMP ("v\0pkgname\0001\0a\0r"),
  };

  for (size_t i = 0; i < G_N_ELEMENTS (dumps); i++)
    assert_dump_is_refused (dumps[i].bytes, dumps[i].length, "evaluation");
}

static void
test_ill_formed_dump_is_refused (void)
{
  static const Dump dumps[] = {
    DUMP (""),
    DUMP ("x\0e"),
    DUMP ("\0e"),
    DUMP ("E"),
    DUMP ("ee"),
    DUMP ("vv\0pkgname\0001\0a\0e"),
    DUMP ("e\0e"),
    DUMP ("e\0v\0pkgname\0001\0a"),
    DUMP ("v\0pkgname\0e"),
    DUMP ("v\0pkgname\0\0a\0e"),
    DUMP ("v\0pkgname\0one\0a\0e"),
    DUMP ("v\0pkgname\0"
          "1 \0a\0e"),
    DUMP ("v\0pkgname\0 1\0a\0e"),
    DUMP ("v\0pkgname\0-1\0a\0e"),
    DUMP ("v\0pkgname\0+1\0a\0e"),
    DUMP ("v\0pkgname\0"
          "0x1\0a\0e"),
    DUMP ("v\0pkgname\0"
          "2\0a\0e"),
    DUMP ("v\0pkgname\0"
          "1\0a\0b\0e"),
    DUMP ("f\0package\0build\0e"),
  };

  for (size_t i = 0; i < G_N_ELEMENTS (dumps); i++)
    assert_dump_is_refused (dumps[i].bytes, dumps[i].length, "evaluation");
}

static void
test_bytes_after_the_end_are_refused (void)
{
  static const char dump[] = "v\0pkgname\0001\0a\0e\0x";

  /* With and without the last word's NUL. */
  assert_dump_is_refused (dump, sizeof dump, "evaluation");
  assert_dump_is_refused (dump, sizeof dump - 1, "evaluation");
}

static void
test_huge_count_is_refused (void)
{
  static const char *const counts[] = { "3",
                                        "100000",
                                        "100001",
                                        "4294967297",
                                        "18446744073709551615",
                                        "18446744073709551617",
                                        "99999999999999999999999999999999" };

  for (size_t i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autoptr (GString) dump = g_string_new (NULL);

      g_string_append_len (dump, "v\0pkgname", sizeof "v\0pkgname");
      g_string_append_len (dump, counts[i], strlen (counts[i]) + 1);
      g_string_append_len (dump, "a\0e", sizeof "a\0e");
      assert_dump_is_refused (dump->str, dump->len, "evaluation");
    }
}

static void
test_invalid_utf8_is_refused (void)
{
  static const Dump dumps[] = {
    DUMP ("v\0pkgdesc\0001\0caf\351\0e"),  DUMP ("v\0pkgdesc\0002\0good\0\377\0e"),   DUMP ("v\0pkgdesc\0001\0\303\0e"),
    DUMP ("v\0pkgdesc\0001\0\300\257\0e"), DUMP ("v\0pkgdesc\0001\0\355\240\200\0e"),
  };

  for (size_t i = 0; i < G_N_ELEMENTS (dumps); i++)
    assert_dump_is_refused (dumps[i].bytes, dumps[i].length, "UTF-8");
}

/* recipe.h: "Strings are valid UTF-8". */
static void
test_invalid_utf8_in_names_is_refused (void)
{
  static const Dump dumps[] = {
    DUMP ("f\0package\0f\0b\374ild\0e"),
    DUMP ("v\0source_\377\0001\0a\0e"),
  };

  for (size_t i = 0; i < G_N_ELEMENTS (dumps); i++)
    assert_dump_is_refused (dumps[i].bytes, dumps[i].length, "UTF-8");
}

static void
test_redefined_command_is_named (void)
{
  static const Dump dumps[] = {
    DUMP ("r\0printf\0e"),
    DUMP ("r\0printf\0v\0pkgname\0001\0a\0e"),
    DUMP ("v\0pkgname\0001\0a\0r\0printf"),
  };

  for (size_t i = 0; i < G_N_ELEMENTS (dumps); i++)
    assert_dump_is_refused (dumps[i].bytes, dumps[i].length, "redefines printf");
}

/* The recipe may write to the dump itself. */
static void
test_redefined_command_is_shown_as_utf8 (void)
{
  static const Dump dumps[] = {
    DUMP ("r\0\377\376\0e"),
    DUMP ("r\0aaaaaaaaaaaaaaaaaaa\303\274\0e"),
  };

  for (size_t i = 0; i < G_N_ELEMENTS (dumps); i++)
    assert_dump_is_refused (dumps[i].bytes, dumps[i].length, "PKGBUILD");
}

static void
test_failed_sourcing_is_told (void)
{
  static const Dump dumps[] = {
    DUMP ("s\0001\0e"),
    DUMP ("s\000127\0e"),
    DUMP ("s"),
  };

  for (size_t i = 0; i < G_N_ELEMENTS (dumps); i++)
    assert_dump_is_refused (dumps[i].bytes, dumps[i].length, "not valid bash");
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
test_good_recipe_passes (void)
{
  static const struct
  {
    const char *name, *value;
  } cases[] = {
    { "pkgname", "worker" },
    { "pkgname", "llm-worker_rbee+x@1.0" },
    { "pkgname", "Worker" },
    { "pkgname", "9p" },
    { "pkgname", "_x" },
    { "pkgver", "0" },
    { "pkgver", "r12.g1234abc" },
    { "pkgver", "1.0_rc1+x~2" },
    { "pkgrel", "1" },
    { "pkgrel", "10" },
    { "pkgrel", "1.2" },
    { "epoch", "0" },
    { "epoch", "12" },
    { "epoch", "" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Recipe) recipe = good_recipe ();
      g_autoptr (GError) error = NULL;

      set_value (recipe, cases[i].name, cases[i].value);
      g_assert_true (recipe_check (recipe, &error));
      g_assert_no_error (error);
    }
}

static void
test_missing_field_is_named (void)
{
  static const char *const fields[] = { "pkgname", "pkgver", "pkgrel" };

  for (size_t i = 0; i < G_N_ELEMENTS (fields); i++)
    for (int how = 0; how < 3; how++)
      {
        g_autoptr (Recipe) recipe = good_recipe ();
        g_autoptr (GError) error = NULL;

        if (how == 0)
          g_hash_table_remove (recipe->variables, fields[i]);
        else if (how == 1)
          g_hash_table_replace (recipe->variables, g_strdup (fields[i]), g_new0 (char *, 1));
        else
          set_value (recipe, fields[i], "");
        g_assert_false (recipe_check (recipe, &error));
        g_assert_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID);
        g_assert_nonnull (strstr (error->message, fields[i]));
      }
}

static void
test_illegal_field_is_named (void)
{
  static const struct
  {
    const char *name, *value;
  } cases[] = {
    { "pkgname", "-worker" }, { "pkgname", ".worker" },   { "pkgname", "../worker" },   { "pkgname", "a/b" },
    { "pkgname", "a b" },     { "pkgname", "a\nb" },      { "pkgname", "B\303\274ch" }, { "pkgname", "a:b" },
    { "pkgname", "a=b" },     { "pkgname", "a*" },        { "pkgver", "1:2" },          { "pkgver", "1/2" },
    { "pkgver", "1-2" },      { "pkgver", "1 2" },        { "pkgver", "1\t2" },         { "pkgver", "1\n" },
    { "pkgver", "1\0332" },   { "pkgver", "1\302\2402" }, { "pkgver", "1\1772" },       { "pkgver", " " },
    { "pkgrel", "x" },        { "pkgrel", "1." },         { "pkgrel", ".1" },           { "pkgrel", "1.2.3" },
    { "pkgrel", "-1" },       { "pkgrel", "1-2" },        { "pkgrel", "1 " },           { "pkgrel", "1/2" },
    { "epoch", "x" },         { "epoch", "-1" },          { "epoch", "1.0" },           { "epoch", "1:" },
    { "epoch", " 1" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Recipe) recipe = good_recipe ();
      g_autoptr (GError) error = NULL;

      set_value (recipe, cases[i].name, cases[i].value);
      g_assert_false (recipe_check (recipe, &error));
      g_assert_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID);
      g_assert_true (g_str_has_prefix (error->message, cases[i].name));
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recipe/dump/becomes-variables-and-functions", test_dump_becomes_variables_and_functions);
  g_test_add_func ("/recipe/dump/empty-one-has-no-values", test_empty_dump_has_no_values);
  g_test_add_func ("/recipe/dump/words-of-the-format-are-values-too", test_words_of_the_format_are_values_too);
  g_test_add_func ("/recipe/dump/later-value-replaces-earlier", test_later_value_replaces_earlier);
  g_test_add_func ("/recipe/dump/cut-anywhere-is-refused", test_dump_cut_anywhere_is_refused);
  g_test_add_func ("/recipe/dump/cut-behind-a-keyword-is-refused", test_dump_cut_behind_a_keyword_is_refused);
  g_test_add_func ("/recipe/dump/ill-formed-is-refused", test_ill_formed_dump_is_refused);
  g_test_add_func ("/recipe/dump/bytes-after-the-end-are-refused", test_bytes_after_the_end_are_refused);
  g_test_add_func ("/recipe/dump/huge-count-is-refused", test_huge_count_is_refused);
  g_test_add_func ("/recipe/dump/invalid-utf8-is-refused", test_invalid_utf8_is_refused);
  g_test_add_func ("/recipe/dump/invalid-utf8-in-names-is-refused", test_invalid_utf8_in_names_is_refused);
  g_test_add_func ("/recipe/dump/redefined-command-is-named", test_redefined_command_is_named);
  g_test_add_func ("/recipe/dump/redefined-command-is-shown-as-utf8", test_redefined_command_is_shown_as_utf8);
  g_test_add_func ("/recipe/dump/failed-sourcing-is-told", test_failed_sourcing_is_told);
  g_test_add_func ("/recipe/value-is-the-first-that-is-not-empty", test_value_is_the_first_that_is_not_empty);
  g_test_add_func ("/recipe/architecture-values-stand-behind-the-common-ones",
                   test_architecture_values_stand_behind_the_common_ones);
  g_test_add_func ("/recipe/check/good-one-passes", test_good_recipe_passes);
  g_test_add_func ("/recipe/check/missing-field-is-named", test_missing_field_is_named);
  g_test_add_func ("/recipe/check/illegal-field-is-named", test_illegal_field_is_named);
  g_test_add_func ("/recipe/check/each-package-of-a-split-recipe-needs-its-function",
                   test_each_package_of_a_split_recipe_needs_its_function);
  g_test_add_func ("/recipe/check/package-function-is-needed", test_package_function_is_needed);
  g_test_add_func ("/recipe/version/epoch-stands-before-it", test_version_has_the_epoch_before_it);
  g_test_add_func ("/recipe/version/epoch-zero-is-none", test_epoch_zero_is_none);
  g_test_add_func ("/recipe/pkgver/new-one-begins-at-release-one", test_new_pkgver_begins_at_release_one);
  g_test_add_func ("/recipe/pkgver/same-one-keeps-the-release", test_same_pkgver_keeps_the_release);
  g_test_add_func ("/recipe/pkgver/illegal-one-changes-nothing", test_illegal_pkgver_changes_nothing);
  return g_test_run ();
}
