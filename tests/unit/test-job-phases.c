/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "../../src/window/job-phases.h"

static char *
phases (const char *state, bool contrast)
{
  g_autoptr (GPtrArray) begun = g_ptr_array_new ();

  g_ptr_array_add (begun, (void *)"metadata");
  g_ptr_array_add (begun, (void *)"build");
  return job_phases_markup ("worker_install", state, begun, contrast);
}

static void
test_what_is_over_and_to_come_is_paler (void)
{
  g_autofree char *running = phases ("running", false);
  g_autofree char *done = phases ("done", false);

  g_assert_nonnull (strstr (running, "alpha=\"70%\""));
  g_assert_nonnull (strstr (running, "alpha=\"45%\""));
  g_assert_nonnull (strstr (done, "alpha=\"70%\""));
}

static void
test_nothing_is_pale_to_who_asked_for_contrast (void)
{
  static const char *const states[] = { "queued", "running", "done", "failed", "cancelled" };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_autofree char *line = phases (states[i], true);

      for (const char *at = line; (at = strstr (at, "alpha=\"")); at++)
        g_assert_true (g_str_has_prefix (at, "alpha=\"100%\""));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/job-phases/pale", test_what_is_over_and_to_come_is_paler);
  g_test_add_func ("/job-phases/contrast", test_nothing_is_pale_to_who_asked_for_contrast);
  return g_test_run ();
}
