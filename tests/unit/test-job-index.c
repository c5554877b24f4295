/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-index.h"

static void
test_jobs_are_found_by_their_number_and_by_their_neighbours (void)
{
  g_autoptr (JobIndex) index = job_index_new ();

  for (uint64_t number = 10; number <= 30; number += 10)
    job_index_add (index, number, "worker");
  g_assert_cmpuint (job_index_find (index, 20)->number, ==, 20);
  g_assert_null (job_index_find (index, 15));
  g_assert_cmpuint (job_index_newest (index, 0)->number, ==, 30);
  g_assert_cmpuint (job_index_newest (index, 30)->number, ==, 20);
  g_assert_cmpuint (job_index_newest (index, 15)->number, ==, 10);
  g_assert_null (job_index_newest (index, 10));
  g_assert_cmpuint (job_index_oldest (index, 0)->number, ==, 10);
  g_assert_cmpuint (job_index_oldest (index, 10)->number, ==, 20);
  g_assert_null (job_index_oldest (index, 30));
}

static void
test_order_of_coming_does_not_matter (void)
{
  static const uint64_t numbers[] = { 5, 1, 9, 3, 7 };
  g_autoptr (JobIndex) index = job_index_new ();
  uint64_t before = 0;

  for (size_t i = 0; i < G_N_ELEMENTS (numbers); i++)
    job_index_add (index, numbers[i], "worker");
  for (uint64_t expected = 9; expected >= 1 && expected <= 9; expected -= 2)
    {
      before = job_index_newest (index, before)->number;
      g_assert_cmpuint (before, ==, expected);
    }
}

static void
test_finished_jobs_and_their_logs_are_counted_once (void)
{
  g_autoptr (JobIndex) index = job_index_new ();
  JobEntry *one = job_index_add (index, 1, "a"), *other = job_index_add (index, 2, "b");
  uint64_t size;

  g_assert_cmpuint (job_index_count_finished (index, &size), ==, 0);
  g_assert_cmpuint (size, ==, 0);
  job_index_finish (index, one, 100, 1000);
  job_index_finish (index, other, 200, 50);
  g_assert_cmpuint (job_index_count_finished (index, &size), ==, 2);
  g_assert_cmpuint (size, ==, 1050);
  job_index_remove (index, one);
  g_assert_cmpuint (job_index_count_finished (index, &size), ==, 1);
  g_assert_cmpuint (size, ==, 50);
  g_assert_null (job_index_find (index, 1));
}

static void
test_an_active_job_that_goes_is_not_counted (void)
{
  g_autoptr (JobIndex) index = job_index_new ();
  uint64_t size;

  job_index_remove (index, job_index_add (index, 1, "a"));
  g_assert_cmpuint (job_index_count_finished (index, &size), ==, 0);
  g_assert_null (job_index_newest (index, 0));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/job-index/neighbours", test_jobs_are_found_by_their_number_and_by_their_neighbours);
  g_test_add_func ("/job-index/any-order", test_order_of_coming_does_not_matter);
  g_test_add_func ("/job-index/counts", test_finished_jobs_and_their_logs_are_counted_once);
  g_test_add_func ("/job-index/active", test_an_active_job_that_goes_is_not_counted);
  return g_test_run ();
}
