/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "old-jobs.h"

#define AGO 1000000 /* µs since the epoch: long ago */

static char *path;

static bool
take (const char *text, uint64_t number, JobIndex *index)
{
  g_autoptr (OldJobs) old = NULL;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  old = old_jobs_read (path);
  return old_jobs_take (old, number, index);
}

static void
add (JobIndex *index, uint64_t number, const char *worker_id, uint64_t finished_at)
{
  JobEntry *entry = job_index_add (index, number, worker_id);

  if (finished_at > 0)
    job_index_finish (index, entry, finished_at, number * 10);
}

static void
test_what_is_noted_is_taken_back (void)
{
  g_autoptr (JobIndex) index = job_index_new ();
  g_autoptr (JobIndex) again = job_index_new ();
  g_autoptr (OldJobs) none = old_jobs_read ("/nonexistent");
  g_autoptr (OldJobs) old = NULL;

  add (index, 1, "one", AGO);
  add (index, 2, "active", 0);
  add (index, 3, "three", AGO + 3);
  add (index, 4, "", AGO);                                /* its record is damaged */
  add (index, 5, "recent", (uint64_t)g_get_real_time ()); /* its record may not be on the disk */
  add (index, 6, "new", AGO);
  old_jobs_write (none, path, index, 6);

  old = old_jobs_read (path);
  for (uint64_t number = 1; number <= 6; number++)
    g_assert_cmpint (old_jobs_take (old, number, again), ==, number == 1 || number == 3);
  g_assert_cmpstr (job_index_find (again, 3)->worker_id, ==, "three");
  g_assert_cmpuint (job_index_find (again, 3)->finished_at, ==, AGO + 3);
  g_assert_cmpuint (job_index_find (again, 3)->log_size, ==, 30);
}

static void
test_what_has_not_changed_is_not_written (void)
{
  g_autoptr (JobIndex) index = job_index_new ();
  g_autoptr (OldJobs) old = NULL;

  g_assert_true (g_file_set_contents (path, "1 1 1 a\n", -1, NULL));
  old = old_jobs_read (path);
  g_assert_true (old_jobs_take (old, 1, index));
  g_assert_cmpint (g_unlink (path), ==, 0);
  old_jobs_write (old, path, index, 9);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_damaged_lines_are_none (void)
{
  static const char *const texts[] = { "",           "1",         "1 2 3 a",      "1 2 3\n",    "1 2 3 \n",
                                       "1  2 3 a\n", "1 0 3 a\n", "1 2 3 ../a\n", "-1 2 3 a\n", "x\n1 2 3 a\n",
                                       "1 2 \n3 a\n" };

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (JobIndex) index = job_index_new ();

      g_assert_false (take (texts[i], 1, index));
    }
}

int
main (int argc, char **argv)
{
  int r, fd;

  g_test_init (&argc, &argv, NULL);
  fd = g_file_open_tmp ("old-jobs-XXXXXX", &path, NULL);
  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_test_add_func ("/old-jobs/taken-back", test_what_is_noted_is_taken_back);
  g_test_add_func ("/old-jobs/not-written", test_what_has_not_changed_is_not_written);
  g_test_add_func ("/old-jobs/damaged", test_damaged_lines_are_none);
  r = g_test_run ();
  g_unlink (path);
  g_free (path);
  return r;
}
