/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "commit-scratch.h"
#include "copy.h"
#include "error.h"
#include "file.h"
#include "install.h"

#define BINARY "/usr/local/bin/x"

/* A package that is fine until a test spoils it. */
static void
package_good (const Scratch *scratch)
{
  package_file (scratch, "1", "usr/local/bin/x", "#!/bin/sh\n", 0755);
  package_file (scratch, "1", "usr/local/share/x/data", "data", 0644);
}

static void
expect_invalid (const Scratch *scratch, const char *word)
{
  expect_refusal (scratch, "1", "x", BINARY, HIVE_ERROR_PACKAGE_INVALID, word);
}

static void
test_good (Scratch *scratch, gconstpointer data)
{
  package_good (scratch);
  package_link (scratch, "1", "usr/local/share/x/link", "../../bin/x");
  package_link (scratch, "1", "usr/local/share/x/dangling", "nowhere/at/all");
  package_directory (scratch, "1", "usr/local/share/x/empty");
  package_directory (scratch, "1", "opt");
  package_list (scratch, "1", NULL);
  expect_install (scratch, "1", "x", BINARY);
  assert_content (scratch, "root/usr/local/share/x/link", "#!/bin/sh\n");
}

static void
test_no_binary (Scratch *scratch, gconstpointer data)
{
  package_file (scratch, "1", "usr/local/bin/y", "y", 0755);
  package_list (scratch, "1", NULL);
  expect_invalid (scratch, "The package has no /usr/local/bin/x: package() must install it there");
}

static void
test_binary_not_executable (Scratch *scratch, gconstpointer data)
{
  package_file (scratch, "1", "usr/local/bin/x", "x", 0644);
  package_list (scratch, "1", NULL);
  expect_invalid (scratch, "not executable");
}

static void
test_binary_no_file (Scratch *scratch, gconstpointer data)
{
  package_directory (scratch, "1", "usr/local/bin/x");
  package_list (scratch, "1", NULL);
  expect_invalid (scratch, "not a regular file");
}

static void
test_no_tree (Scratch *scratch, gconstpointer data)
{
  g_autofree char *work = scratch_path (scratch, "cache/work/1");

  g_assert_cmpint (g_mkdir_with_parents (work, 0755), ==, 0);
  expect_invalid (scratch, "tree is missing");
}

static void
test_outside (Scratch *scratch, gconstpointer data)
{
  package_good (scratch);
  package_file (scratch, "1", data, "x", 0644);
  package_list (scratch, "1", NULL);
  expect_invalid (scratch, data);
}

static void
test_prefix_is_link (Scratch *scratch, gconstpointer data)
{
  package_good (scratch);
  package_link (scratch, "1", "opt", "usr");
  package_list (scratch, "1", NULL);
  expect_invalid (scratch, "/opt in the package must be a folder");
}

static void
test_bits (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = scratch_path (scratch, "cache/work/1/pkg/usr/local/bin/x");

  package_good (scratch);
  g_assert_cmpint (chmod (path, GPOINTER_TO_UINT (data) | 0755), ==, 0);
  package_list (scratch, "1", NULL);
  expect_invalid (scratch, "bit set");
}

static void
test_directory_bits (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = scratch_path (scratch, "cache/work/1/pkg/usr/local/share/x");

  package_good (scratch);
  g_assert_cmpint (chmod (path, 01777), ==, 0);
  package_list (scratch, "1", NULL);
  expect_invalid (scratch, "sticky");
}

/* @data is the entry that the fakeroot session listed. */
static void
test_faked (Scratch *scratch, gconstpointer data)
{
  package_good (scratch);
  package_list (scratch, "1", data);
  expect_invalid (scratch, "/usr/local/bin/x");
}

static void
test_faked_owner (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = scratch_path (scratch, "root/usr/local/share/x/owned");
  struct stat st;

  package_good (scratch);
  package_file (scratch, "1", "usr/local/share/x/owned", "", 0644);
  package_list (scratch, "1", "f 666 1000 1000 usr/local/share/x/owned");
  expect_install (scratch, "1", "x", BINARY);

  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_uid, ==, geteuid ());
  g_assert_cmpint (st.st_mode & 07777, ==, 0644);
}

static void
test_link (Scratch *scratch, gconstpointer data)
{
  package_good (scratch);
  package_link (scratch, "1", "usr/local/lib/x/link", data);
  package_list (scratch, "1", NULL);
  expect_invalid (scratch, "/usr/local/lib/x/link");
}

static void
test_hard_link (Scratch *scratch, gconstpointer data)
{
  g_autofree char *from = scratch_path (scratch, "cache/work/1/pkg/usr/local/bin/x");
  g_autofree char *to = scratch_path (scratch, "cache/work/1/pkg/usr/local/bin/y");

  package_good (scratch);
  g_assert_cmpint (link (from, to), ==, 0);
  package_list (scratch, "1", NULL);
  expect_invalid (scratch, "hard link");
}

static void
test_fifo (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = scratch_path (scratch, "cache/work/1/pkg/usr/local/bin/pipe");

  package_good (scratch);
  g_assert_cmpint (mkfifo (path, 0644), ==, 0);
  package_list (scratch, "1", NULL);
  expect_invalid (scratch, "/usr/local/bin/pipe in the package is a FIFO");
}

static void
test_socket (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = scratch_path (scratch, "cache/work/1/pkg/usr/local/bin/socket");
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM, 0);

  package_good (scratch);
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  close (fd);
  package_list (scratch, "1", NULL);
  expect_invalid (scratch, "/usr/local/bin/socket in the package is a socket");
}

static void
test_device (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = scratch_path (scratch, "cache/work/1/pkg/usr/local/bin/null");

  package_good (scratch);
  if (mknod (path, S_IFCHR | 0666, 0x103) < 0)
    {
      g_test_skip ("only root can make devices");
      return;
    }
  package_list (scratch, "1", NULL);
  expect_invalid (scratch, "/usr/local/bin/null in the package is a device");
}

static void
test_name (Scratch *scratch, gconstpointer data)
{
  package_good (scratch);
  package_list (scratch, "1", NULL);
  package_file (scratch, "1", data, "x", 0644);
  expect_invalid (scratch, "rename it");
}

static void
test_list_missing (Scratch *scratch, gconstpointer data)
{
  package_good (scratch);
  expect_invalid (scratch, "list of the package's files is missing");
}

static void
test_list_fifo (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = scratch_path (scratch, "cache/work/1/list");

  package_good (scratch);
  g_assert_cmpint (mkfifo (path, 0644), ==, 0);
  expect_invalid (scratch, "list of the package's files is missing");
}

static void
test_list_damaged (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = scratch_path (scratch, "cache/work/1/list");

  package_good (scratch);
  g_assert_true (g_file_set_contents (path, data, -1, NULL)); /* no final NUL either */
  expect_invalid (scratch, "damaged");
}

static void
test_list_differs (Scratch *scratch, gconstpointer data)
{
  package_good (scratch);
  package_list (scratch, "1", NULL);
  package_file (scratch, "1", "usr/local/share/x/later", "x", 0644);
  expect_invalid (scratch, "/usr/local/share/x/later in the package changed while it was being committed");
}

static void
test_list_more (Scratch *scratch, gconstpointer data)
{
  package_good (scratch);
  package_list (scratch, "1", "f 644 0 0 usr/local/share/x/gone");
  expect_invalid (scratch, "changed while it was being committed");
}

static void
test_large (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = scratch_path (scratch, "cache/work/1/pkg/usr/local/share/x/data");

  package_good (scratch);
  g_assert_cmpint (truncate (path, 1024 * 1024), ==, 0);
  package_list (scratch, "1", NULL);
  expect_refusal (scratch, "1", "x", BINARY, HIVE_ERROR_LIMITS_EXCEEDED, "larger than 1.0 MB (MaxTreeSize=");
}

static void
test_deep (Scratch *scratch, gconstpointer data)
{
  g_autoptr (GString) path = g_string_new ("usr/local/share");

  package_good (scratch);
  for (int i = 0; i < 200; i++)
    g_string_append (path, "/d");
  package_directory (scratch, "1", path->str);
  package_list (scratch, "1", NULL);
  expect_invalid (scratch, "nested deeper");
}

static void
test_work_elsewhere (Scratch *scratch, gconstpointer data)
{
  static const char *const others[] = { "other",           "cache/work",   "cache/work/..", "cache/work/1/pkg",
                                        "cache/work/../1", "cache/workx/1" };

  package_good (scratch);
  package_list (scratch, "1", NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (JsonObject) request = install_request (scratch, "1", "x", BINARY);
      g_autofree char *work = scratch_path (scratch, "%s", others[i]);
      g_autoptr (GError) error = NULL;

      json_object_set_string_member (request, "work", work);
      g_assert_false (install_run (scratch->configuration, NULL, request, &error));
      g_assert_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT);
    }
}

static void
test_request (Scratch *scratch, gconstpointer data)
{
  expect_refusal (scratch, "..", "x", BINARY, HIVE_ERROR_INVALID_ARGUMENT, "job id");
  expect_refusal (scratch, "1", "../x", BINARY, HIVE_ERROR_INVALID_ARGUMENT, "../x");
  expect_refusal (scratch, "7", "x", BINARY, HIVE_ERROR_FAILED, "cache/work");
}

/* What changes between the check and the copy is seen by the copy. */
static void
test_changed (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = scratch_path (scratch, "cache/work/1/pkg/usr/local/bin/x");
  g_autofree char *target = scratch_path (scratch, "root/usr/local/bin");
  g_autofree char *work_path = scratch_path (scratch, "cache/work/1");
  g_autoptr (Places) places = places_new (scratch->configuration);
  g_autoptr (WorkerFile) file = worker_file_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (Tree) tree = NULL;
  g_auto (Fd) work = -1;
  const char *what = data;
  uint64_t inode;

  package_good (scratch);
  package_list (scratch, "1", NULL);
  g_assert_cmpint (g_mkdir_with_parents (target, 0755), ==, 0);
  work = open (work_path, O_RDONLY | O_DIRECTORY);
  tree = tree_read (scratch->configuration, places, work, BINARY, &error);
  g_assert_no_error (error);

  if (g_str_equal (what, "content"))
    g_assert_cmpint (truncate (path, 1), ==, 0);
  else if (g_str_equal (what, "replaced"))
    package_file (scratch, "1", "usr/local/bin/x", "#!/bin/s\n", 0755);
  else
    {
      g_assert_cmpint (unlink (path), ==, 0);
      g_assert_cmpint (symlink ("/etc/shadow", path), ==, 0);
    }

  for (guint i = 0; i < tree->entries->len; i++)
    {
      TreeEntry *entry = tree->entries->pdata[i];

      if (g_str_equal (entry->path, BINARY))
        g_assert_false (copy_entry (tree, entry, places, ".rbee-hive-1-0~", false, file, &inode, &error));
    }
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_PACKAGE_INVALID);
  g_assert_nonnull (strstr (error->message, "changed while it was being committed"));
}

/* Nobody but us may reach into a tree that is being committed. */
static void
test_work_taken (Scratch *scratch, gconstpointer data)
{
  g_autofree char *work = scratch_path (scratch, "cache/work/1");
  struct stat st;

  package_good (scratch);
  package_list (scratch, "1", NULL);
  g_assert_cmpint (chmod (work, 0777), ==, 0);
  expect_install (scratch, "1", "x", BINARY);
  g_assert_cmpint (stat (work, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0700);
}

#define ADD(path, data, function)                                                                                      \
  g_test_add ("/commit/tree/" path, Scratch, data, scratch_set_up, function, scratch_tear_down)

int
main (int argc, char **argv)
{
  umask (022);
  g_test_init (&argc, &argv, NULL);

  ADD ("good", NULL, test_good);
  ADD ("no-binary", NULL, test_no_binary);
  ADD ("binary-not-executable", NULL, test_binary_not_executable);
  ADD ("binary-no-file", NULL, test_binary_no_file);
  ADD ("no-tree", NULL, test_no_tree);
  ADD ("outside/etc", "etc/passwd", test_outside);
  ADD ("outside/usr", "usr/bin/x", test_outside);
  ADD ("outside/similar", "usr/localx/x", test_outside);
  ADD ("outside/top", ".PKGINFO", test_outside);
  ADD ("prefix-is-link", NULL, test_prefix_is_link);
  ADD ("bits/setuid", GUINT_TO_POINTER (S_ISUID), test_bits);
  ADD ("bits/setgid", GUINT_TO_POINTER (S_ISGID), test_bits);
  ADD ("bits/sticky", GUINT_TO_POINTER (S_ISVTX), test_bits);
  ADD ("bits/directory", NULL, test_directory_bits);
  ADD ("faked/setuid", "f 4755 0 0 usr/local/bin/x", test_faked);
  ADD ("faked/setgid", "f 2755 0 0 usr/local/bin/x", test_faked);
  ADD ("faked/character-device", "c 755 0 0 usr/local/bin/x", test_faked);
  ADD ("faked/block-device", "b 755 0 0 usr/local/bin/x", test_faked);
  ADD ("faked/fifo", "p 755 0 0 usr/local/bin/x", test_faked);
  ADD ("faked/socket", "s 755 0 0 usr/local/bin/x", test_faked);
  ADD ("faked/type", "d 755 0 0 usr/local/bin/x", test_faked);
  ADD ("faked/owner", NULL, test_faked_owner);
  ADD ("link/absolute", "/etc/passwd", test_link);
  ADD ("link/absolute-middle", "/usr/local/../../etc/passwd", test_link);
  ADD ("link/escapes", "../../../../etc/passwd", test_link);
  ADD ("link/not-there", "/usr/bin/there-is-no-such-program", test_link);
  ADD ("link/far", "../../../../../../etc/passwd", test_link);
  ADD ("link/middle", "x/../../bin/x", test_link);
  ADD ("link/end", "x/..", test_link);
  ADD ("link/control", "a\nb", test_link);
  ADD ("hard-link", NULL, test_hard_link);
  ADD ("fifo", NULL, test_fifo);
  ADD ("socket", NULL, test_socket);
  ADD ("device", NULL, test_device);
  ADD ("name/newline", "usr/local/bin/a\nb", test_name);
  ADD ("name/escape", "usr/local/bin/a\033[2J", test_name);
  ADD ("name/utf8", "usr/local/bin/\xff\xfe", test_name);
  ADD ("name/c1", "usr/local/bin/\xc2\x9b", test_name);
  ADD ("name/reserved", "usr/local/bin/.rbee-hive-1-0~", test_name);
  ADD ("list/missing", NULL, test_list_missing);
  ADD ("list/fifo", NULL, test_list_fifo);
  ADD ("list/damaged", "rubbish", test_list_damaged);
  ADD ("list/cut", "f 755 0 0 usr/local/bin/x", test_list_damaged);
  ADD ("list/differs", NULL, test_list_differs);
  ADD ("list/more", NULL, test_list_more);
  ADD ("large", NULL, test_large);
  ADD ("deep", NULL, test_deep);
  ADD ("work/elsewhere", NULL, test_work_elsewhere);
  ADD ("request", NULL, test_request);
  ADD ("changed/content", "content", test_changed);
  ADD ("changed/replaced", "replaced", test_changed);
  ADD ("changed/link", "link", test_changed);
  ADD ("work/taken", NULL, test_work_taken);
  return g_test_run ();
}
