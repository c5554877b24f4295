/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <string.h>

#include "controls.h"
#include "table.h"
#include "text.h"

static void
test_width (void)
{
  g_assert_cmpuint (text_width (""), ==, 0);
  g_assert_cmpuint (text_width ("abc"), ==, 3);
  g_assert_cmpuint (text_width ("größe"), ==, 5);
  g_assert_cmpuint (text_width ("日本語"), ==, 6);
  g_assert_cmpuint (text_width ("e\314\201"), ==, 1); /* e and a combining accent */
}

static void
test_cut (void)
{
  static const struct
  {
    const char *text;
    unsigned width;
    const char *cut;
  } cases[] = {
    { "abc", 3, "abc" }, { "abcd", 3, "ab…" },      { "abcd", 1, "…" },       { "abcd", 0, "" },
    { "", 0, "" },       { "日本語", 6, "日本語" }, { "日本語", 5, "日本…" }, { "日本語", 4, "日…" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *cut = text_cut (cases[i].text, cases[i].width);

      g_assert_cmpstr (cut, ==, cases[i].cut);
      g_assert_cmpuint (text_width (cut), <=, cases[i].width);
    }
}

static void
test_line_has_no_control_characters (void)
{
  g_autofree char *line = text_line ("a\tb\nc\033[31m\001\302\233d");

  g_assert_cmpstr (line, ==, "a b c?[31m??d");
}

static void
test_visible_shows_what_a_terminal_would_obey (void)
{
  g_autofree char *visible = controls_visible ("a\tb\n\033[2J\177\r\302\233\342\200\256x 日");

  g_assert_cmpstr (visible, ==, "a\tb\n^[[2J^?^M<U+009B><U+202E>x 日");
}

static void
test_colors_are_taken_away (void)
{
  g_autofree char *plain = text_without_colors ("\033[1;31mred\033[m and \033[38:5:9mmore\033[0m, \033[2J stays");

  g_assert_cmpstr (plain, ==, "red and more, \033[2J stays");
}

static Table *
table_of_workers (void)
{
  Table *table = table_new ((const char *const[]){ "ID", "NAME", "TEXT", NULL });

  table_add (table, (const char *const[]){ "1", "日本", "a long text at the end", NULL });
  table_add (table, (const char *const[]){ "22", "x", NULL, NULL });
  return table;
}

static void
test_columns_are_aligned_by_width (void)
{
  g_autoptr (Table) table = table_of_workers ();
  g_autofree char *text = table_to_text (table, 0, "", "");

  g_assert_cmpstr (text, ==,
                   "ID  NAME  TEXT\n"
                   "1   日本  a long text at the end\n"
                   "22  x\n");
}

static void
test_last_column_is_cut (void)
{
  g_autoptr (Table) table = table_of_workers ();
  g_autofree char *text = table_to_text (table, 20, "<", ">");

  g_assert_cmpstr (text, ==,
                   "<ID  NAME  TEXT>\n"
                   "1   日本  a long te…\n"
                   "22  x\n");
}

/* Where there is no room at all, lines are longer than the terminal rather than without meaning. */
static void
test_last_column_keeps_something (void)
{
  g_autoptr (Table) table = table_of_workers ();
  g_autofree char *text = table_to_text (table, 5, "", "");

  g_assert_nonnull (strstr (text, "  a long …\n"));
}

static void
test_cells_stay_in_their_line (void)
{
  g_autoptr (Table) table = table_new ((const char *const[]){ "A", "B", NULL });
  g_autofree char *text = NULL;

  table_add (table, (const char *const[]){ "one\ntwo", "\033[2J", NULL });
  text = table_to_text (table, 0, "", "");
  g_assert_cmpstr (text, ==,
                   "A        B\n"
                   "one two  ?[2J\n");
}

static void
test_plain_has_rows_alone_with_tabs_between (void)
{
  g_autoptr (Table) table = table_of_workers ();
  g_autofree char *text = NULL;

  table_add (table, (const char *const[]){ "3\t4", "", "\n", NULL });
  text = table_to_plain (table);
  g_assert_cmpstr (text, ==,
                   "1\t日本\ta long text at the end\n"
                   "22\tx\t\n"
                   "3 4\t\t \n");
}

static void
test_other_character_sets_have_three_dots (void)
{
  g_autofree char *cut = NULL;
  g_autofree char *usage = NULL;

  setlocale (LC_ALL, "C");
  cut = text_cut ("abcdefgh", 6);
  usage = text_for_locale ("remove WORKER…");
  setlocale (LC_ALL, "C.UTF-8");
  g_assert_cmpstr (cut, ==, "abc...");
  g_assert_cmpstr (usage, ==, "remove WORKER...");
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "C.UTF-8");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/text/width", test_width);
  g_test_add_func ("/text/cut", test_cut);
  g_test_add_func ("/text/line-has-no-control-characters", test_line_has_no_control_characters);
  g_test_add_func ("/text/visible-shows-what-a-terminal-would-obey", test_visible_shows_what_a_terminal_would_obey);
  g_test_add_func ("/text/colors-are-taken-away", test_colors_are_taken_away);
  g_test_add_func ("/table/columns-are-aligned-by-width", test_columns_are_aligned_by_width);
  g_test_add_func ("/table/last-column-is-cut", test_last_column_is_cut);
  g_test_add_func ("/table/last-column-keeps-something", test_last_column_keeps_something);
  g_test_add_func ("/table/cells-stay-in-their-line", test_cells_stay_in_their_line);
  g_test_add_func ("/table/plain-has-rows-alone-with-tabs-between", test_plain_has_rows_alone_with_tabs_between);
  g_test_add_func ("/text/other-character-sets-have-three-dots", test_other_character_sets_have_three_dots);
  return g_test_run ();
}
