/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "version.h"

/* The cases that pacman's own tests publish (test/util/vercmptest.sh). */
static const struct
{
  const char *a, *b;
  int order;
} published[] = {
  { "1.5.0", "1.5.0", 0 },      { "1.5.1", "1.5.0", 1 },      { "1.5.1", "1.5", 1 },        { "1.5.0-1", "1.5.0-1", 0 },
  { "1.5.0-1", "1.5.0-2", -1 }, { "1.5.0-1", "1.5.1-1", -1 }, { "1.5.0-2", "1.5.1-1", -1 }, { "1.5-1", "1.5.1-1", -1 },
  { "1.5-2", "1.5.1-1", -1 },   { "1.5-2", "1.5.1-2", -1 },   { "1.5", "1.5-1", 0 },        { "1.5-1", "1.5", 0 },
  { "1.1-1", "1.1", 0 },        { "1.0-1", "1.1", -1 },       { "1.1-1", "1.0", 1 },        { "1.5b-1", "1.5-1", -1 },
  { "1.5b", "1.5", -1 },        { "1.5b-1", "1.5", -1 },      { "1.5b", "1.5.1", -1 },      { "1.0a", "1.0alpha", -1 },
  { "1.0alpha", "1.0b", -1 },   { "1.0b", "1.0beta", -1 },    { "1.0beta", "1.0rc", -1 },   { "1.0rc", "1.0", -1 },
  { "1.5.a", "1.5", 1 },        { "1.5.b", "1.5.a", 1 },      { "1.5.1", "1.5.b", 1 },      { "1.5.b-1", "1.5.b", 0 },
  { "1.5-1", "1.5.b", -1 },     { "2.0", "2_0", 0 },          { "2.0_a", "2_0.a", 0 },      { "2.0a", "2.0.a", -1 },
  { "2___a", "2_a", 1 },        { "0:1.0", "0:1.0", 0 },      { "0:1.0", "0:1.1", -1 },     { "1:1.0", "0:1.0", 1 },
  { "1:1.0", "0:1.1", 1 },      { "1:1.0", "2:1.1", -1 },     { "1:1.0", "0:1.0-1", 1 },    { "1:1.0-1", "0:1.1-1", 1 },
  { "0:1.0", "1.0", 0 },        { "0:1.0", "1.1", -1 },       { "0:1.1", "1.0", 1 },        { "1:1.0", "1.0", 1 },
  { "1:1.0", "1.1", 1 },        { "1:1.1", "1.1", 1 },
};

static void
test_published_cases (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (published); i++)
    {
      g_test_message ("%s %s", published[i].a, published[i].b);
      g_assert_cmpint (version_compare (published[i].a, published[i].b), ==, published[i].order);
      g_assert_cmpint (version_compare (published[i].b, published[i].a), ==, -published[i].order);
    }
}

static void
test_numbers_have_no_limit (void)
{
  g_assert_cmpint (version_compare ("1.99999999999999999999999", "1.100000000000000000000000"), ==, -1);
  g_assert_cmpint (version_compare ("1.0000000000000000000000007", "1.7"), ==, 0);
  g_assert_cmpint (version_compare ("20261124", "20261123"), ==, 1);
}

static void
test_nothing_but_separators_is_taken (void)
{
  g_assert_cmpint (version_compare ("", ""), ==, 0);
  g_assert_cmpint (version_compare ("", "1"), ==, -1);
  g_assert_cmpint (version_compare ("...", "1"), ==, -1);
  g_assert_cmpint (version_compare (":", "-"), ==, 0);
  g_assert_cmpint (version_compare ("1.", "1"), ==, 1);
  g_assert_cmpint (version_compare ("é", "1"), ==, -1);
}

/* vercmp(8) says the same of whatever is thrown at both. */
static void
test_vercmp_agrees (void)
{
  static const char *const words[] = { "1", "0", "10", "a", "rc", "alpha", ".", "_", "+", ":", "~", "-", "00" };
  g_autofree char *vercmp = g_find_program_in_path ("vercmp");
  g_autoptr (GRand) random = g_rand_new_with_seed (6);

  if (!vercmp)
    {
      g_test_skip ("vercmp is not there (Debian: makepkg)");
      return;
    }
  for (int i = 0; i < 300; i++)
    {
      g_autoptr (GString) a = g_string_new ("1"), b = g_string_new ("1");
      const char *arguments[] = { vercmp, NULL, NULL, NULL };
      g_autofree char *answer = NULL;

      for (int each = g_rand_int_range (random, 0, 12); each > 0; each--)
        g_string_append (g_rand_boolean (random) ? a : b, words[g_rand_int_range (random, 0, G_N_ELEMENTS (words))]);
      arguments[1] = a->str;
      arguments[2] = b->str;
      g_test_message ("%s %s", a->str, b->str);
      g_assert_true (
          g_spawn_sync (NULL, (char **)arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, &answer, NULL, NULL, NULL));
      g_assert_cmpint (version_compare (a->str, b->str), ==, atoi (answer));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/version/published-cases", test_published_cases);
  g_test_add_func ("/version/numbers-have-no-limit", test_numbers_have_no_limit);
  g_test_add_func ("/version/nothing-but-separators-is-taken", test_nothing_but_separators_is_taken);
  g_test_add_func ("/version/vercmp-agrees", test_vercmp_agrees);
  return g_test_run ();
}
