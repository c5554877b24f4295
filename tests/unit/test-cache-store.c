/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache-store.h"
#include "commit-scratch.h"
#include "error.h"
#include "file.h"

static unsigned synced; /* files */

/* The C library's, and counted. */
int
fsync (int fd)
{
  struct stat st;

  synced += fstat (fd, &st) == 0 && S_ISREG (st.st_mode);
  return (int)syscall (SYS_fsync, fd);
}

/* Writes a file of the work directory of @job. */
static void
keep (const Scratch *scratch, const char *job, const char *path, const char *content)
{
  g_autofree char *file = scratch_path (scratch, "cache/work/%s/keep/%s", job, path);
  g_autofree char *folder = g_path_get_dirname (file);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, content, -1, NULL));
}

static bool
promote (const Scratch *scratch, const char *job, CacheKind kind, const char *prefix, GError **error)
{
  g_autofree char *work = scratch_path (scratch, "cache/work/%s", job);
  g_auto (Fd) fd = open (work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return cache_store_promote (scratch->configuration, fd, kind, prefix, error);
}

static void
expect_promoted (const Scratch *scratch, const char *job)
{
  g_autoptr (GError) error = NULL;

  promote (scratch, job, CACHE_SOURCES, NULL, &error);
  g_assert_no_error (error);
}

static void
expect_refused (const Scratch *scratch, const char *job, CacheKind kind, const char *prefix, const char *key)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *entry = scratch_path (scratch, "cache/%s/%s", cache_kind_name (kind), key);

  g_assert_false (promote (scratch, job, kind, prefix, &error));
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, key));
  g_assert_cmpint (access (entry, F_OK), ==, -1);
}

static unsigned
mode_of (const Scratch *scratch, const char *path)
{
  g_autofree char *whole = scratch_path (scratch, "%s", path);
  struct stat st;

  g_assert_cmpint (lstat (whole, &st), ==, 0);
  return st.st_mode;
}

static void
test_what_a_job_kept_becomes_the_entry (Scratch *scratch, gconstpointer data)
{
  keep (scratch, "1", "sources/file.a/data", "one");
  expect_promoted (scratch, "1");
  assert_content (scratch, "cache/sources/file.a/data", "one");

  keep (scratch, "2", "sources/file.a/data", "two");
  expect_promoted (scratch, "2");
  assert_content (scratch, "cache/sources/file.a/data", "two");
  assert_content (scratch, "cache/work/2/keep/sources/file.a/data", "one"); /* goes with the work directory */
}

static void
test_nothing_kept_is_fine (Scratch *scratch, gconstpointer data)
{
  package_directory (scratch, "1", "");
  expect_promoted (scratch, "1");
}

static void
test_modes_are_made_ours_and_links_stay_links (Scratch *scratch, gconstpointer data)
{
  g_autofree char *outside = scratch_path (scratch, "outside");
  g_autofree char *program = scratch_path (scratch, "cache/work/1/keep/sources/file.a/in/program");
  g_autofree char *link = scratch_path (scratch, "cache/work/1/keep/sources/file.a/link");

  keep (scratch, "1", "sources/file.a/in/program", "x");
  g_assert_true (g_file_set_contents (outside, "kept", -1, NULL));
  g_assert_cmpint (chmod (outside, 0600), ==, 0);
  g_assert_cmpint (chmod (program, 06700), ==, 0);
  g_assert_cmpint (symlink (outside, link), ==, 0);

  expect_promoted (scratch, "1");
  g_assert_cmpint (mode_of (scratch, "cache/sources/file.a/in"), ==, S_IFDIR | 0755);
  g_assert_cmpint (mode_of (scratch, "cache/sources/file.a/in/program"), ==, S_IFREG | 0755);
  g_assert_cmpint (mode_of (scratch, "cache/sources/file.a/link") & S_IFMT, ==, S_IFLNK);
  g_assert_cmpint (mode_of (scratch, "outside"), ==, S_IFREG | 0600);
}

static void
test_keys_of_others_are_refused (Scratch *scratch, gconstpointer data)
{
  keep (scratch, "1", "tools/other.a/file", "x");
  expect_refused (scratch, "1", CACHE_TOOLS, "worker", "other.a");
  keep (scratch, "2", "tools/worker/file", "x");
  expect_refused (scratch, "2", CACHE_TOOLS, "worker", "worker");
  keep (scratch, "1", "tools/worker.a/file", "x");
  g_assert_false (promote (scratch, "1", CACHE_TOOLS, "worker", NULL));
  assert_content (scratch, "cache/tools/worker.a/file", "x");
}

static void
test_pipes_are_refused (Scratch *scratch, gconstpointer data)
{
  g_autofree char *pipe = scratch_path (scratch, "cache/work/1/keep/sources/file.b/pipe");

  keep (scratch, "1", "sources/file.a/data", "x");
  keep (scratch, "1", "sources/file.b/data", "x");
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  expect_refused (scratch, "1", CACHE_SOURCES, NULL, "file.b");
  assert_content (scratch, "cache/sources/file.a/data", "x"); /* it goes on with the others */
}

static void
give_away (const Scratch *scratch, const char *path)
{
  g_autofree char *whole = scratch_path (scratch, "%s", path);

  g_assert_cmpint (lchown (whole, 61000, 61000), ==, 0);
}

/* Two names of one file of the job's are its own business; the second name of somebody else's file is not. */
static void
test_hard_links_are_of_the_jobs_own_files (Scratch *scratch, gconstpointer data)
{
  g_autofree char *secret = scratch_path (scratch, "cache/secret");
  g_autofree char *foreign = scratch_path (scratch, "cache/work/1/keep/tools/worker.a/foreign");
  g_autofree char *file = scratch_path (scratch, "cache/work/1/keep/tools/worker.a/file");
  g_autofree char *again = scratch_path (scratch, "cache/work/1/keep/tools/worker.a/again");

  if (geteuid () != 0)
    {
      g_test_skip ("needs root: it gives files to a job's user");
      return;
    }
  keep (scratch, "1", "tools/worker.a/file", "x");
  give_away (scratch, "cache/work/1/keep/tools/worker.a");
  give_away (scratch, "cache/work/1/keep/tools/worker.a/file");
  g_assert_cmpint (link (file, again), ==, 0);
  g_assert_true (g_file_set_contents (secret, "secret", -1, NULL));
  g_assert_cmpint (chmod (secret, 0600), ==, 0);
  g_assert_cmpint (link (secret, foreign), ==, 0);
  expect_refused (scratch, "1", CACHE_TOOLS, "worker", "worker.a");
  g_assert_cmpint (mode_of (scratch, "cache/secret"), ==, S_IFREG | 0600);

  g_assert_cmpint (unlink (foreign), ==, 0);
  give_away (scratch, "cache/work/1/keep/tools/worker.a");
  give_away (scratch, "cache/work/1/keep/tools/worker.a/file");
  g_assert_true (promote (scratch, "1", CACHE_TOOLS, "worker", NULL));
  assert_content (scratch, "cache/tools/worker.a/again", "x");
}

static void
test_a_link_in_the_place_of_a_folder_is_not_followed (Scratch *scratch, gconstpointer data)
{
  g_autofree char *outside = scratch_path (scratch, "outside"), *inner = scratch_path (scratch, "outside/file.a");
  g_autofree char *sources = scratch_path (scratch, "cache/work/1/keep/sources");
  g_autofree char *entry = scratch_path (scratch, "cache/work/1/keep/sources/file.a");

  package_directory (scratch, "1", "");
  g_assert_cmpint (g_mkdir_with_parents (inner, 0755), ==, 0);
  keep (scratch, "1", "other", "x");
  g_assert_cmpint (symlink (outside, sources), ==, 0);
  g_assert_false (promote (scratch, "1", CACHE_SOURCES, NULL, NULL));

  g_assert_cmpint (unlink (sources), ==, 0);
  g_assert_cmpint (mkdir (sources, 0755), ==, 0);
  g_assert_cmpint (symlink (inner, entry), ==, 0);
  expect_refused (scratch, "1", CACHE_SOURCES, NULL, "file.a");
  g_assert_cmpint (access (inner, F_OK), ==, 0);
}

static void
set_used (const Scratch *scratch, const char *path, time_t time)
{
  g_autofree char *whole = scratch_path (scratch, "%s", path);
  struct timespec times[] = { { .tv_sec = time }, { .tv_sec = time } };

  g_assert_cmpint (utimensat (AT_FDCWD, whole, times, 0), ==, 0);
}

static void
test_what_was_used_longest_ago_goes (Scratch *scratch, gconstpointer data)
{
  g_autofree char *large = g_strnfill (100 * 1024, 'x');
  g_autofree char *folder = scratch_path (scratch, "cache/work/2/keep/sources/file.a");

  scratch->configuration->max_cache_size = 250 * 1024;
  keep (scratch, "1", "sources/file.a/data", large);
  keep (scratch, "1", "sources/file.b/data", large);
  expect_promoted (scratch, "1");
  set_used (scratch, "cache/sources/file.a", 1000);
  set_used (scratch, "cache/sources/file.b", 2000);

  keep (scratch, "2", "sources/file.c/data", large);
  g_assert_cmpint (mkdir (folder, 0755), ==, 0); /* file.a was used again */
  expect_promoted (scratch, "2");
  assert_content (scratch, "cache/sources/file.a/data", large);
  assert_content (scratch, "cache/sources/file.b/data", NULL);
  assert_content (scratch, "cache/sources/file.c/data", large);

  scratch->configuration->max_cache_size = 0;
  keep (scratch, "3", "sources/file.d/data", "x");
  expect_promoted (scratch, "3");
  assert_content (scratch, "cache/sources/file.a/data", NULL);
  assert_content (scratch, "cache/sources/file.d/data", NULL);
}

/* Each entry is one job's, whole. */
static void
test_history_of_a_repository_is_synced_and_what_is_read_back_whole_is_not (Scratch *scratch, gconstpointer data)
{
  keep (scratch, "1", "sources/git.a/objects/pack/pack-1.pack", "x");
  keep (scratch, "1", "sources/git.a/objects/pack/pack-1.idx", "x");
  keep (scratch, "1", "sources/git.a/objects/aa/bb", "x");
  keep (scratch, "1", "sources/git.a/HEAD", "x");
  keep (scratch, "2", "sources/git-commit.a/objects/pack/pack-1.pack", "x");
  keep (scratch, "2", "sources/git-commit.a/shallow", "x");
  keep (scratch, "3", "sources/file.a/data", "x");
  keep (scratch, "4", "sources/git-commits.a/objects/pack/pack-1.pack", "x");
  keep (scratch, "4", "sources/git-commits.a/shallow", "");

  for (unsigned job = 1; job <= 4; job++)
    {
      static const unsigned expected[] = { 3, 0, 0, 1 };
      g_autofree char *name = g_strdup_printf ("%u", job);

      synced = 0;
      expect_promoted (scratch, name);
      g_assert_cmpuint (synced, ==, expected[job - 1]);
    }
}

static void
test_jobs_that_end_at_once (Scratch *scratch, gconstpointer data)
{
  g_autofree char *one = NULL, *two = NULL;
  pid_t pids[8];

  for (int i = 0; i < 8; i++)
    {
      g_autofree char *job = g_strdup_printf ("%d", i + 1);

      keep (scratch, job, "sources/git.a/one", job);
      keep (scratch, job, "sources/git.a/two", job);
    }
  for (int i = 0; i < 8; i++)
    {
      g_autofree char *job = g_strdup_printf ("%d", i + 1);

      pids[i] = fork ();
      if (pids[i] == 0)
        _exit (promote (scratch, job, CACHE_SOURCES, NULL, NULL) ? 0 : 1);
    }
  for (int i = 0; i < 8; i++)
    {
      int status;

      g_assert_cmpint (waitpid (pids[i], &status, 0), ==, pids[i]);
      g_assert_cmpint (status, ==, 0);
    }
  one = content (scratch, "cache/sources/git.a/one");
  two = content (scratch, "cache/sources/git.a/two");
  g_assert_nonnull (one);
  g_assert_cmpstr (one, ==, two);
}

static void
test_keys_are_of_their_parts (void)
{
  g_autofree char *one = cache_key ("file", "ab", "c", NULL), *other = cache_key ("file", "a", "bc", NULL);

  g_assert_true (g_str_has_prefix (one, "file."));
  g_assert_cmpstr (one, !=, other);
}

#define ADD(path, test) g_test_add ("/cache-store/" path, Scratch, NULL, scratch_set_up, test, scratch_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("what-a-job-kept-becomes-the-entry", test_what_a_job_kept_becomes_the_entry);
  ADD ("nothing-kept-is-fine", test_nothing_kept_is_fine);
  ADD ("modes-are-made-ours-and-links-stay-links", test_modes_are_made_ours_and_links_stay_links);
  ADD ("keys-of-others-are-refused", test_keys_of_others_are_refused);
  ADD ("pipes-are-refused", test_pipes_are_refused);
  ADD ("hard-links-are-of-the-jobs-own-files", test_hard_links_are_of_the_jobs_own_files);
  ADD ("a-link-in-the-place-of-a-folder-is-not-followed", test_a_link_in_the_place_of_a_folder_is_not_followed);
  ADD ("what-was-used-longest-ago-goes", test_what_was_used_longest_ago_goes);
  ADD ("history-of-a-repository-is-synced-and-what-is-read-back-whole-is-not",
       test_history_of_a_repository_is_synced_and_what_is_read_back_whole_is_not);
  ADD ("jobs-that-end-at-once", test_jobs_that_end_at_once);
  g_test_add_func ("/cache-store/keys-are-of-their-parts", test_keys_are_of_their_parts);
  return g_test_run ();
}
