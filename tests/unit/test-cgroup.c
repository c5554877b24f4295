/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cgroup.h"

static void
assert_unit_path (const char *membership, const char *expected)
{
  g_autofree char *path = cgroup_unit_path (membership);

  g_assert_cmpstr (path, ==, expected);
}

static void
test_unit_path (void)
{
  assert_unit_path ("0::/rbee.slice/rbee-hive.slice/rbee-job-17.service\n",
                    "/sys/fs/cgroup/rbee.slice/rbee-hive.slice/rbee-job-17.service");
  assert_unit_path ("8:pids:/x\n0::/a/rbee-job-1.service\n", "/sys/fs/cgroup/a/rbee-job-1.service");
}

static void
test_no_unit (void)
{
  assert_unit_path ("", NULL);
  assert_unit_path ("0::/\n", NULL);
  assert_unit_path ("0::/user.slice/user-1000.slice/session-1.scope\n", NULL);
  assert_unit_path ("8:pids:/rbee-job-1.service\n", NULL);
}

static void
test_events (void)
{
  g_assert_true (cgroup_events_tell_max ("max 1\n"));
  g_assert_true (cgroup_events_tell_max ("something 0\nmax 314\n"));
  g_assert_false (cgroup_events_tell_max ("max 0\n"));
  g_assert_false (cgroup_events_tell_max (""));
  g_assert_false (cgroup_events_tell_max ("maximal 3\n"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cgroup/path-of-a-jobs-unit", test_unit_path);
  g_test_add_func ("/cgroup/no-path-where-a-job-has-no-unit", test_no_unit);
  g_test_add_func ("/cgroup/events-tell-that-the-limit-was-reached", test_events);
  return g_test_run ();
}
