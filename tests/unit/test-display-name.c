/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "display-name.h"

static void
test_name_stays_as_it_is (void)
{
  static const char *const names[] = { "llama.cpp server", "Schüler & <b>Söhne</b>", "日本語", "%s %n", "a" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *name = display_name_clean (names[i]);

      g_assert_cmpstr (name, ==, names[i]);
    }
}

static void
test_lines_become_one (void)
{
  g_autofree char *name = display_name_clean ("\n\tone\ntwo\tthree \n");

  g_assert_cmpstr (name, ==, "one two three");
}

/* Rather none than one that looks like another. */
static void
test_what_steers_is_no_name (void)
{
  static const char *const names[] = { NULL,
                                       "",
                                       " \n\t ",
                                       "red \033[31m",
                                       "bell \a",
                                       "over\rwritten",
                                       "delete \177",
                                       "c1 \302\233m",
                                       "backwards \342\200\256txt.exe",
                                       "isolate \342\201\246x",
                                       "two\342\200\250lines",
                                       "two\342\200\251paragraphs",
                                       "\377\376",
                                       "cut \303" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_null (display_name_clean (names[i]));
}

/* Nor one that nobody can read or click. */
static void
test_what_is_invisible_is_no_name (void)
{
  static const gunichar characters[] = { 0xa0,   0xad,   0x301,  0x115f, 0x1160, 0x180e, 0x200b, 0x200d, 0x2003,
                                         0x2060, 0x2800, 0x3000, 0x3164, 0xfe0f, 0xfeff, 0xffa0, 0xe0020 };

  for (gsize i = 0; i < G_N_ELEMENTS (characters); i++)
    {
      g_autoptr (GString) said = g_string_new (" ");
      g_autofree char *none = NULL;
      g_autofree char *some = NULL;

      g_string_append_unichar (said, characters[i]);
      g_string_append_unichar (said, characters[i]);
      none = display_name_clean (said->str);
      g_assert_cmpstr (none, ==, NULL);
      g_string_append_c (said, 'x');
      some = display_name_clean (said->str);
      g_assert_cmpstr (some, ==, said->str + 1);
    }
}

static void
test_long_name_is_cut_between_characters (void)
{
  g_autoptr (GString) said = g_string_new (NULL);
  g_autofree char *exact = NULL;
  g_autofree char *cut = NULL;

  for (int i = 0; i < 100; i++)
    g_string_append (said, "ü");
  exact = display_name_clean (said->str);
  g_assert_cmpstr (exact, ==, said->str);
  g_string_append (said, "ü");
  cut = display_name_clean (said->str);
  g_assert_cmpint (g_utf8_strlen (cut, -1), ==, 100);
  g_assert_true (g_utf8_validate (cut, -1, NULL) && g_str_has_suffix (cut, "ü…"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/display-name/stays", test_name_stays_as_it_is);
  g_test_add_func ("/display-name/one-line", test_lines_become_one);
  g_test_add_func ("/display-name/steers", test_what_steers_is_no_name);
  g_test_add_func ("/display-name/invisible", test_what_is_invisible_is_no_name);
  g_test_add_func ("/display-name/long", test_long_name_is_cut_between_characters);
  return g_test_run ();
}
