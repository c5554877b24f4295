/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A dependency, a newline, and versions, a line each: what dependency_parse() takes is what it promises, and versions
 * have an order. */
#include <stdint.h>
#include <string.h>

#include "dependency.h"
#include "error.h"
#include "version.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_dependency (const Dependency *dependency)
{
  static const char *const signs[] = {
    [DEPENDENCY_ANY] = "",       [DEPENDENCY_EQUAL] = "=", [DEPENDENCY_AT_LEAST] = ">=",
    [DEPENDENCY_AT_MOST] = "<=", [DEPENDENCY_NEWER] = ">", [DEPENDENCY_OLDER] = "<",
  };
  g_autofree char *again = NULL;
  g_autoptr (Dependency) same = NULL;

  g_assert_true (*dependency->name && !strchr ("-.", *dependency->name));
  g_assert_null (strpbrk (dependency->name, "<>= \t\n/"));
  g_assert_true ((dependency->relation == DEPENDENCY_ANY) == (dependency->version == NULL));
  if (dependency->version)
    g_assert_true (*dependency->version && !strpbrk (dependency->version, " \t\n/"));
  again = g_strconcat (dependency->name, signs[dependency->relation], dependency->version, NULL);
  same = dependency_parse (again, NULL);
  g_assert_nonnull (same);
  g_assert_cmpstr (same->name, ==, dependency->name);
  g_assert_cmpstr (same->version, ==, dependency->version);
  g_assert_cmpint (same->relation, ==, dependency->relation);
}

/* Of any two, one is older or both are the same; and the relations say what the order says. */
static void
check_versions (const Dependency *dependency, char **versions)
{
  for (char **a = versions; *a; a++)
    {
      g_assert_cmpint (version_compare (*a, *a), ==, 0);
      for (char **b = versions; *b; b++)
        g_assert_cmpint (version_compare (*a, *b), ==, -version_compare (*b, *a));
      if (dependency)
        dependency_is_met_by (dependency, *a);
      if (dependency && dependency->relation == DEPENDENCY_ANY)
        g_assert_true (dependency_is_met_by (dependency, *a));
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *)data, size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", 8);
  g_autoptr (GError) error = NULL;
  g_autoptr (Dependency) dependency = lines[0] ? dependency_parse (lines[0], &error) : NULL;

  if (!lines[0])
    return 0;
  g_assert_true ((dependency == NULL) == (error != NULL));
  if (dependency)
    check_dependency (dependency);
  else
    g_assert_true (error->code == HIVE_ERROR_RECIPE_INVALID && g_utf8_validate (error->message, -1, NULL));
  check_versions (dependency, lines + 1);
  return 0;
}
