/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "git-look.h"

static void
test_what_the_script_says (void)
{
  g_autoptr (GitLook) look = git_look_parse ("object aa00\ncommit bb11\ntag v1\nfiles 12\nasks commits\nasks files\n"
                                             "pointer a b\npointer c\npointer d\npointers 9\n");

  g_assert_cmpstr (look->object, ==, "aa00");
  g_assert_cmpstr (look->commit, ==, "bb11");
  g_assert_cmpstr (look->tag, ==, "v1");
  g_assert_cmpint (look->files, ==, 12);
  g_assert_cmpint (look->extent, ==, EXTENT_ALL);
  g_assert_cmpstr (look->pointers, ==, "a b, c, d and 6 more");
  g_assert_false (look->damaged);
}

static void
test_what_it_says_nothing_of (void)
{
  g_autoptr (GitLook) none = git_look_parse ("");
  g_autoptr (GitLook) plain = git_look_parse ("object aa\ncommit aa\ntag \ndamaged\n");

  g_assert_null (none->commit);
  g_assert_cmpint (none->files, ==, -1);
  g_assert_null (plain->tag);
  g_assert_null (plain->pointers);
  g_assert_true (plain->damaged);
  g_assert_cmpint (plain->files, ==, -1);
  g_assert_cmpint (plain->extent, ==, EXTENT_COMMIT);
}

static void
test_what_is_no_hash_is_none (void)
{
  static const char *const texts[] = { "object aa\n", "commit aa\n", "object aa\ncommit --help\n",
                                       "object \ncommit aa\n" };

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_null (git_look_parse (texts[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/git-look/what-the-script-says", test_what_the_script_says);
  g_test_add_func ("/git-look/what-it-says-nothing-of", test_what_it_says_nothing_of);
  g_test_add_func ("/git-look/what-is-no-hash-is-none", test_what_is_no_hash_is_none);
  return g_test_run ();
}
