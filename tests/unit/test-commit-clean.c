/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clean.h"
#include "commit-scratch.h"
#include "error.h"
#include "file.h"

static void
expect_clean (const Scratch *scratch)
{
  g_autofree char *work = scratch_path (scratch, "cache/work/1");
  g_autoptr (GError) error = NULL;
  bool cleaned = clean_run (scratch->configuration, work, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (cleaned);
  g_assert_cmpint (access (work, F_OK), ==, -1);
}

static void
test_clean (Scratch *scratch, gconstpointer data)
{
  g_autofree char *outside = scratch_path (scratch, "outside"), *kept = scratch_path (scratch, "outside/kept");
  g_autofree char *empty = scratch_path (scratch, "cache/work/1/pkg/shut"), *fifo = NULL;

  expect_clean (scratch); /* not even the folder of work directories is there */
  package_file (scratch, "1", "a/b/c", "c", 0444);
  package_directory (scratch, "1", "shut/full/inner");
  package_file (scratch, "1", "shut/full/file", "f", 0);
  g_assert_cmpint (mkdir (outside, 0755), ==, 0);
  g_assert_true (g_file_set_contents (kept, "kept", -1, NULL));
  package_link (scratch, "1", "link", outside);
  package_link (scratch, "1", "a/link", kept);
  fifo = scratch_path (scratch, "cache/work/1/fifo");
  g_assert_cmpint (mkfifo (fifo, 0644), ==, 0);
  g_assert_cmpint (chmod (empty, 0), ==, 0);

  expect_clean (scratch);
  expect_clean (scratch);
  assert_content (scratch, "outside/kept", "kept");
}

/* Ten thousand folders, one in the other, each with a file, and few descriptors. */
static void
test_deep (Scratch *scratch, gconstpointer data)
{
  g_autofree char *top = NULL;
  struct rlimit limit = { 64, 64 };
  int fd;

  package_directory (scratch, "1", "");
  top = scratch_path (scratch, "cache/work/1/pkg");
  fd = open (top, O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < 10000; i++)
    {
      int next;

      g_assert_cmpint (mkdirat (fd, "d", 0755), ==, 0);
      g_assert_cmpint (symlinkat ("x", fd, "link"), ==, 0);
      next = openat (fd, "d", O_RDONLY | O_DIRECTORY);
      g_assert_cmpint (next, >=, 0);
      if (i % 100 == 50)
        g_assert_cmpint (fchmod (fd, 0500), ==, 0);
      close (fd);
      fd = next;
    }
  close (fd);

  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  expect_clean (scratch);
}

static void
test_link_itself (Scratch *scratch, gconstpointer data)
{
  g_autofree char *outside = scratch_path (scratch, "outside"), *kept = scratch_path (scratch, "outside/kept");
  g_autofree char *folder = scratch_path (scratch, "cache/work"), *work = scratch_path (scratch, "cache/work/1");

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_cmpint (mkdir (outside, 0755), ==, 0);
  g_assert_true (g_file_set_contents (kept, "kept", -1, NULL));
  g_assert_cmpint (symlink (outside, work), ==, 0);
  expect_clean (scratch);
  assert_content (scratch, "outside/kept", "kept");
}

static void
test_elsewhere (Scratch *scratch, gconstpointer data)
{
  static const char *const others[] = { "other",          "cache",         "cache/work",
                                        "cache/work/",    "cache/work/..", "cache/work/1/pkg",
                                        "cache/work/../1" };

  package_file (scratch, "1", "kept", "kept", 0644);
  for (size_t i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *path = g_strconcat (scratch->path, "/", others[i], NULL);
      g_autoptr (GError) error = NULL;

      g_assert_false (clean_run (scratch->configuration, path, NULL, &error));
      g_assert_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT);
    }
  assert_content (scratch, "cache/work/1/pkg/kept", "kept");
}

#define ADD(path, function)                                                                                            \
  g_test_add ("/commit/clean/" path, Scratch, NULL, scratch_set_up, function, scratch_tear_down)

int
main (int argc, char **argv)
{
  umask (022);
  g_test_init (&argc, &argv, NULL);

  ADD ("clean", test_clean);
  ADD ("link-itself", test_link_itself);
  ADD ("elsewhere", test_elsewhere);
  ADD ("deep", test_deep);
  return g_test_run ();
}
