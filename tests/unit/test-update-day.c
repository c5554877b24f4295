/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "../../src/notifier/update-day.h"

#define SECOND G_USEC_PER_SEC
#define HOUR   (3600 * (gint64)SECOND)

static gint64 now;

static gint64
clock_read (void)
{
  return now;
}

/* Noon of that day in November 2026, in UTC as main() has it. */
static void
clock_set (int day)
{
  g_autoptr (GDateTime) time = g_date_time_new_utc (2026, 11, day, 12, 0, 0);

  now = g_date_time_to_unix (time) * (gint64)SECOND;
}

static char *
file_path (void)
{
  return g_build_filename (g_get_user_state_dir (), "rbee-hive", "updates-told", NULL);
}

/* A file that says that; NULL: there is none. */
static void
file_set (const char *text)
{
  g_autofree char *path = file_path ();
  g_autofree char *folder = g_path_get_dirname (path);

  g_remove (path);
  if (text)
    {
      g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
      g_assert_true (g_file_set_contents (path, text, -1, NULL));
    }
}

static void
file_says (const char *text)
{
  g_autofree char *path = file_path ();
  g_autofree char *said = NULL;

  g_assert_true (g_file_get_contents (path, &said, NULL, NULL));
  g_assert_cmpstr (said, ==, text);
}

static void
file_is_missing (void)
{
  g_autofree char *path = file_path ();

  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_what_is_found_together_is_told_and_no_more_that_day (void)
{
  g_autoptr (UpdateDay) day = update_day_new (clock_read);

  file_set (NULL);
  clock_set (29);
  g_assert_cmpint (update_day_take (day), ==, UPDATE_FIRST);
  update_day_keep (day);
  file_says ("2026-11-29\n");
  now += 9 * SECOND;
  g_assert_cmpint (update_day_take (day), ==, UPDATE_MORE);
  now += SECOND;
  g_assert_cmpint (update_day_take (day), ==, UPDATE_UNTOLD);
  now += 11 * HOUR;
  g_assert_cmpint (update_day_take (day), ==, UPDATE_UNTOLD);
  now += HOUR;
  g_assert_cmpint (update_day_take (day), ==, UPDATE_FIRST);
  update_day_keep (day);
  file_says ("2026-11-30\n");
}

static void
test_next_session_does_not_tell_again (void)
{
  g_autoptr (UpdateDay) before = update_day_new (clock_read);
  g_autoptr (UpdateDay) after = update_day_new (clock_read);

  file_set (NULL);
  clock_set (29);
  g_assert_cmpint (update_day_take (before), ==, UPDATE_FIRST);
  update_day_keep (before);
  now += SECOND;
  g_assert_cmpint (update_day_take (after), ==, UPDATE_UNTOLD);
  clock_set (30);
  g_assert_cmpint (update_day_take (after), ==, UPDATE_FIRST);
  update_day_keep (after);
  g_assert_cmpint (update_day_take (before), ==, UPDATE_UNTOLD);
}

/* As where no notification server is: neither for another session nor, later, for this one. */
static void
test_day_on_which_nothing_was_shown_is_not_over (void)
{
  g_autoptr (UpdateDay) blind = update_day_new (clock_read);
  g_autoptr (UpdateDay) seeing = update_day_new (clock_read);

  file_set (NULL);
  clock_set (29);
  g_assert_cmpint (update_day_take (blind), ==, UPDATE_FIRST);
  now += 9 * SECOND;
  g_assert_cmpint (update_day_take (blind), ==, UPDATE_MORE);
  now += SECOND;
  g_assert_cmpint (update_day_take (blind), ==, UPDATE_FIRST);
  file_is_missing ();
  g_assert_cmpint (update_day_take (seeing), ==, UPDATE_FIRST);
  update_day_keep (seeing);
  now += HOUR;
  g_assert_cmpint (update_day_take (blind), ==, UPDATE_UNTOLD);
}

/* What is shown a second after midnight was told the day before. */
static void
test_day_is_that_on_which_the_telling_began (void)
{
  g_autoptr (UpdateDay) day = update_day_new (clock_read);

  file_set (NULL);
  clock_set (29);
  now += 12 * HOUR - SECOND;
  g_assert_cmpint (update_day_take (day), ==, UPDATE_FIRST);
  now += 2 * SECOND;
  update_day_keep (day);
  file_says ("2026-11-29\n");
}

/* A clock that was wrong for a while mutes nothing for longer. */
static void
test_day_of_the_file_is_in_the_future (void)
{
  g_autoptr (UpdateDay) day = update_day_new (clock_read);

  file_set ("2099-01-01\n");
  clock_set (30);
  g_assert_cmpint (update_day_take (day), ==, UPDATE_FIRST);
  update_day_keep (day);
  clock_set (29);
  g_assert_cmpint (update_day_take (day), ==, UPDATE_FIRST);
  update_day_keep (day);
  file_says ("2026-11-29\n");
}

static void
test_file_that_says_nothing_is_written_anew (void)
{
  static const char *const texts[] = { "", "\n", "yesterday\n", "\377\376", "2026-11-3", "2026-11-300" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (UpdateDay) day = update_day_new (clock_read);

      file_set (texts[i]);
      clock_set (30);
      g_assert_cmpint (update_day_take (day), ==, UPDATE_FIRST);
      update_day_keep (day);
      file_says ("2026-11-30\n");
    }
}

/* What cannot be kept is known as long as this session. */
static void
test_file_cannot_be_written (void)
{
  g_autofree char *path = file_path ();
  g_autofree char *inside = g_build_filename (path, "x", NULL);
  g_autoptr (UpdateDay) day = update_day_new (clock_read);

  file_set (NULL);
  g_assert_cmpint (g_mkdir_with_parents (inside, 0700), ==, 0); /* a rename puts no file in its place */
  clock_set (30);
  g_assert_cmpint (update_day_take (day), ==, UPDATE_FIRST);
  update_day_keep (day);
  now += HOUR;
  g_assert_cmpint (update_day_take (day), ==, UPDATE_UNTOLD);
  g_rmdir (inside);
  g_rmdir (path);
}

/* G_TEST_OPTION_ISOLATE_DIRS would have GLib leak the folders of each test. */
int
main (int argc, char **argv)
{
  g_autofree char *state = g_dir_make_tmp ("update-day-XXXXXX", NULL);
  g_autofree char *folder = g_build_filename (state, "rbee-hive", NULL);
  int status;

  g_setenv ("TZ", "UTC", TRUE);
  g_setenv ("XDG_STATE_HOME", state, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/update-day/together", test_what_is_found_together_is_told_and_no_more_that_day);
  g_test_add_func ("/update-day/next-session", test_next_session_does_not_tell_again);
  g_test_add_func ("/update-day/unseen", test_day_on_which_nothing_was_shown_is_not_over);
  g_test_add_func ("/update-day/midnight", test_day_is_that_on_which_the_telling_began);
  g_test_add_func ("/update-day/future", test_day_of_the_file_is_in_the_future);
  g_test_add_func ("/update-day/damaged", test_file_that_says_nothing_is_written_anew);
  g_test_add_func ("/update-day/unwritable", test_file_cannot_be_written);
  status = g_test_run ();
  file_set (NULL);
  g_rmdir (folder);
  g_rmdir (state);
  return status;
}
