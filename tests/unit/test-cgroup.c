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

static void
write_limit (const char *root, const char *group, const char *name, const char *text)
{
  g_autofree char *folder = g_build_filename (root, group, NULL);
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_mkdir_with_parents (folder, 0700);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
assert_limits (const char *root, const char *membership, double processors, uint64_t memory)
{
  CgroupLimits limits = cgroup_limits_below (root, membership);

  g_assert_cmpfloat (limits.processors, ==, processors);
  g_assert_cmpuint (limits.memory, ==, memory);
}

static void
test_limits (void)
{
  g_autofree char *root = g_dir_make_tmp ("cgroup-XXXXXX", NULL);

  write_limit (root, "a/b", "cpu.max", "150000 100000\n");
  write_limit (root, "a/b", "memory.max", "max\n");
  write_limit (root, "a", "memory.max", "1048576\n");
  write_limit (root, "", "cpu.max", "max 100000\n");
  assert_limits (root, "0::/a/b/c\n", 1.5, 1048576);
  assert_limits (root, "0::/a\n", 0, 1048576);
  assert_limits (root, "0::/\n", 0, 0);
  assert_limits (root, "8:cpu:/a/b\n", 0, 0);
  assert_limits (root, "0::/../a\n", 0, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cgroup/path-of-a-jobs-unit", test_unit_path);
  g_test_add_func ("/cgroup/no-path-where-a-job-has-no-unit", test_no_unit);
  g_test_add_func ("/cgroup/events-tell-that-the-limit-was-reached", test_events);
  g_test_add_func ("/cgroup/limits", test_limits);
  return g_test_run ();
}
