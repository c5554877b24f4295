/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "job-course.h"

/* The phases that a job of the kind may go through, in their order. */
static const struct
{
  const char *operation, *phases;
} courses[] = {
  { "worker_install", "metadata platform pkgbuild parse dependencies install-dependencies store sources prepare pkgver "
                      "build check package "
                      "install capabilities cleanup" },
  { "worker_remove", "remove capabilities cleanup" },
  { "worker_rollback", "install capabilities cleanup" },
  { "worker_push", "push cleanup" },
  { "model_download", "metadata sources install cleanup" },
  { "model_import", "sources install cleanup" },
};

static void
test_progress_never_falls_and_ends_with_the_job (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (courses); i++)
    {
      g_auto (GStrv) phases = g_strsplit (courses[i].phases, " ", -1);
      double far = 0;

      for (char **phase = phases; *phase; phase++)
        for (double progress = -1; progress <= 1; progress += 0.5)
          {
            double now = job_course_progress (courses[i].operation, "running", *phase, progress);

            g_test_message ("%s %s %.1f: %.3f", courses[i].operation, *phase, progress, now);
            g_assert_cmpfloat (now, >=, far);
            g_assert_cmpfloat (now, <=, 0.99);
            far = now;
          }
      g_assert_cmpfloat (far, ==, 0.99);
      g_assert_cmpfloat (job_course_progress (courses[i].operation, "done", "", -1), ==, 1);
    }
}

static void
test_phases_that_each_job_has_follow_each_other (void)
{
  static const char *const expected[][2] = {
    { "worker_install", "metadata platform pkgbuild parse dependencies sources build package install capabilities" },
    { "worker_remove", "remove capabilities" },
    { "worker_rollback", "install capabilities" },
    { "worker_push", "push" },
    { "model_download", "metadata sources install" },
    { "model_import", "metadata sources install" },
    { "some_other", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      const char *phase = NULL;

      while ((phase = job_course_next_phase (expected[i][0], phase)))
        g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", phase);
      g_assert_cmpstr (text->str, ==, expected[i][1]);
    }
}

static void
test_a_phase_that_nobody_knows_is_the_beginning (void)
{
  g_assert_cmpfloat (job_course_progress ("worker_install", "queued", "", -1), ==, 0);
  g_assert_cmpfloat (job_course_progress ("some_other", "running", "build", 0.5), ==, 0);
  g_assert_null (job_course_next_phase ("worker_install", "other"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/job-course/progress-never-falls-and-ends-with-the-job",
                   test_progress_never_falls_and_ends_with_the_job);
  g_test_add_func ("/job-course/phases-that-each-job-has-follow-each-other",
                   test_phases_that_each_job_has_follow_each_other);
  g_test_add_func ("/job-course/a-phase-that-nobody-knows-is-the-beginning",
                   test_a_phase_that_nobody_knows_is_the_beginning);
  return g_test_run ();
}
