/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "dependency.h"
#include "error.h"

static Dependency *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  Dependency *dependency = dependency_parse (text, &error);

  g_assert_no_error (error);
  return dependency;
}

static const struct
{
  const char *text, *name;
  DependencyRelation relation;
  const char *version, *reason;
} good[] = {
  { "gcc", "gcc", DEPENDENCY_ANY, NULL, NULL },
  { "cmake>=3.20", "cmake", DEPENDENCY_AT_LEAST, "3.20", NULL },
  { "foo<=1:2.3-1.1", "foo", DEPENDENCY_AT_MOST, "1:2.3-1.1", NULL },
  { "foo<2", "foo", DEPENDENCY_OLDER, "2", NULL },
  { "foo>2", "foo", DEPENDENCY_NEWER, "2", NULL },
  { "foo=2", "foo", DEPENDENCY_EQUAL, "2", NULL },
  { "foo==2", "foo", DEPENDENCY_EQUAL, "2", NULL },
  { "foo=", "foo", DEPENDENCY_ANY, NULL, NULL },
  { "libfoo.so", "libfoo.so", DEPENDENCY_ANY, NULL, NULL },
  { "libfoo.so=1-64", "libfoo.so", DEPENDENCY_EQUAL, "1-64", NULL },
  { "lib:libfoo.so.1", "lib:libfoo.so.1", DEPENDENCY_ANY, NULL, NULL },
  { "gtk2+extra", "gtk2+extra", DEPENDENCY_ANY, NULL, NULL },
  { "@scope_x.y", "@scope_x.y", DEPENDENCY_ANY, NULL, NULL },
  { "cuda: for NVIDIA's GPUs", "cuda", DEPENDENCY_ANY, NULL, "for NVIDIA's GPUs" },
  { "python>=1:3.11: runs the tests: all", "python", DEPENDENCY_AT_LEAST, "1:3.11", "runs the tests: all" },
  { "cuda:\tGPUs", "cuda", DEPENDENCY_ANY, NULL, "GPUs" },
};

static void
test_parts_are_told_apart (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (Dependency) dependency = parse (good[i].text);

      g_test_message ("%s", good[i].text);
      g_assert_cmpstr (dependency->name, ==, good[i].name);
      g_assert_cmpint (dependency->relation, ==, good[i].relation);
      g_assert_cmpstr (dependency->version, ==, good[i].version);
      g_assert_cmpstr (dependency->reason, ==, good[i].reason);
      g_assert_true (g_str_has_prefix (good[i].text, dependency->text));
    }
}

static void
test_what_is_none_is_refused_by_name (void)
{
  static const char *const bad[] = { "",          "-rf",     ".hidden",  "a b",        "foo;reboot",   "$(id)",
                                     "../x",      "foo>=-1", "foo>=1 2", "foo>=1/2",   ">=1",          "foo: ",
                                     "lib:",      "lib:-x",  "foo:bar",  "foo\nError", "foo>=1\x1b[m", "caf\xe9",
                                     "gcc: \xff", "foo\tx",  NULL };

  for (size_t i = 0; bad[i]; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (Dependency) dependency = dependency_parse (bad[i], &error);
      g_autofree char *shown = g_strescape (bad[i], NULL); /* for a report that is XML */

      g_test_message ("%s", shown);
      /* A reason may be empty or no text; the name is what counts. */
      if (g_str_has_prefix (bad[i], "foo: ") || g_str_has_prefix (bad[i], "gcc: "))
        {
          g_assert_no_error (error);
          g_assert_true (g_utf8_validate (dependency->reason, -1, NULL));
          continue;
        }
      g_assert_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
}

static void
test_endless_one_is_refused (void)
{
  g_autofree char *name = g_strnfill (257, 'a');
  g_autofree char *reason = g_strnfill (5000, 'a');
  g_autofree char *optional = g_strconcat ("gcc: ", reason, NULL);
  g_autoptr (GError) first = NULL, second = NULL;

  g_assert_null (dependency_parse (name, &first));
  g_assert_error (first, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID);
  g_assert_cmpuint (strlen (first->message), <, 300);
  g_assert_null (dependency_parse (optional, &second));
  g_assert_error (second, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID);
}

static void
test_versions_are_met_by_pacmans_rules (void)
{
  static const struct
  {
    const char *wanted, *version;
    bool met;
  } cases[] = {
    { "foo", "0", true },
    { "foo>=1.2", "1.2-1", true },
    { "foo>=1.2-2", "1.2-1", false },
    { "foo>=1.2", "1.10", true },
    { "foo>=1.2", "1.2rc1", false },
    { "foo<2", "2beta", true },
    { "foo<2", "1:1", false },
    { "foo=1.2", "1.2-7", true },
    { "foo=1.2-1", "1.2-7", false },
    { "foo<=1.2", "1.2-9", true },
    { "foo>1.2", "1.2-9", false },
    { "foo>1.2", "1.2.1", true },
    { "lib.so=1-64", "1-64", true },
    { "lib.so=1-64", "1-32", false },
    { "lib.so=1-64", "2-64", false },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Dependency) dependency = parse (cases[i].wanted);

      g_test_message ("%s: %s", cases[i].wanted, cases[i].version);
      g_assert_cmpint (dependency_is_met_by (dependency, cases[i].version), ==, cases[i].met);
    }
}

static void
test_libraries_are_known_by_their_names (void)
{
  static const char *const libraries[] = { "libfoo.so", "libfoo.so=1-64", "libfoo.so.1", "lib:libfoo.so.1", NULL };
  static const char *const others[] = { "gcc", "libfoo", "foo.sound", "libfoo>=1.so", NULL };

  for (size_t i = 0; libraries[i]; i++)
    {
      g_autoptr (Dependency) dependency = parse (libraries[i]);

      g_assert_true (dependency_is_library (dependency));
    }
  for (size_t i = 0; others[i]; i++)
    {
      g_autoptr (Dependency) dependency = parse (others[i]);

      g_assert_false (dependency_is_library (dependency));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dependency/parts-are-told-apart", test_parts_are_told_apart);
  g_test_add_func ("/dependency/what-is-none-is-refused-by-name", test_what_is_none_is_refused_by_name);
  g_test_add_func ("/dependency/endless-one-is-refused", test_endless_one_is_refused);
  g_test_add_func ("/dependency/versions-are-met-by-pacmans-rules", test_versions_are_met_by_pacmans_rules);
  g_test_add_func ("/dependency/libraries-are-known-by-their-names", test_libraries_are_known_by_their_names);
  return g_test_run ();
}
