/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file.h"

/* inside/folder/file, inside/link → folder, inside/folder/out → /etc */
static int
make_folder (void)
{
  g_autofree char *top = g_dir_make_tmp ("rbee-file.XXXXXX", NULL);
  int fd = open (top, O_RDONLY | O_DIRECTORY);

  g_assert_cmpint (mkdirat (fd, "folder", 0755), ==, 0);
  g_close (openat (fd, "folder/file", O_CREAT | O_WRONLY, 0644), NULL);
  g_assert_cmpint (symlinkat ("folder", fd, "link"), ==, 0);
  g_assert_cmpint (symlinkat ("/etc", fd, "folder/out"), ==, 0);
  return fd;
}

static void
assert_opens (int top, const char *path, int flags)
{
  g_auto (Fd) fd = file_open_beneath (top, path, flags, 0600);

  g_assert_cmpint (fd, >=, 0);
}

static void
check_beneath (void)
{
  g_auto (Fd) top = make_folder ();

  assert_opens (top, "folder/file", O_RDONLY);
  assert_opens (top, "folder//file", O_RDONLY);
  assert_opens (top, "folder", O_RDONLY | O_DIRECTORY);
  assert_opens (top, ".", O_RDONLY | O_DIRECTORY);
  assert_opens (top, "folder/new", O_WRONLY | O_CREAT | O_EXCL);
  assert_opens (top, "link", O_PATH | O_NOFOLLOW);
  g_assert_cmpint (file_open_beneath (top, "folder/new", O_WRONLY | O_CREAT | O_EXCL, 0600), ==, -EEXIST);
  g_assert_cmpint (file_open_beneath (top, "folder/none", O_RDONLY, 0), ==, -ENOENT);
  g_assert_cmpint (file_open_beneath (top, "folder/file/x", O_RDONLY, 0), ==, -ENOTDIR);
  g_assert_cmpint (file_open_beneath (top, "link/file", O_RDONLY, 0), ==, -ELOOP);
  g_assert_cmpint (file_open_beneath (top, "folder/out", O_RDONLY, 0), ==, -ELOOP);
  g_assert_cmpint (file_open_beneath (top, "folder/out/passwd", O_RDONLY, 0), ==, -ELOOP);
  g_assert_cmpint (file_open_beneath (top, "../x", O_RDONLY, 0), ==, -EXDEV);
  g_assert_cmpint (file_open_beneath (top, "/etc/passwd", O_RDONLY, 0), ==, -EXDEV);
}

/* As systemd's RestrictSUIDSGID= does, which DynamicUser= brings along (ENOSYS), and older containers (EPERM). Of
 * several filters the last one's errno counts. qemu-user knows none (EINVAL). */
static bool
deny_openat2 (unsigned errnum)
{
  struct sock_filter filter[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errnum),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { G_N_ELEMENTS (filter), filter };

  g_assert_cmpint (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
  return prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void
test_beneath (void)
{
  check_beneath ();
}

static void
test_beneath_without_openat2 (void)
{
  if (!deny_openat2 (ENOSYS))
    {
      g_test_skip ("system calls cannot be filtered here");
      return;
    }
  check_beneath ();
  g_assert_true (deny_openat2 (EPERM));
  check_beneath ();
}

/* /proc is such a file system. */
static void
test_folder_that_cannot_be_synced_is_no_failure (void)
{
  g_auto (Fd) proc = open ("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_auto (Fd) root = open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  g_assert_cmpint (fsync (proc), <, 0);
  g_assert_cmpint (file_sync_folder (proc), ==, 0);
  g_assert_cmpint (file_sync_folder (root), ==, 0);
  g_assert_cmpint (file_sync_folder (-1), ==, -EBADF);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/file/beneath/opens-what-is-there-and-follows-nothing", test_beneath);
  g_test_add_func ("/file/folder-that-cannot-be-synced-is-no-failure", test_folder_that_cannot_be_synced_is_no_failure);
  /* Last: what is denied stays so. */
  g_test_add_func ("/file/beneath/does-the-same-where-openat2-is-denied", test_beneath_without_openat2);
  return g_test_run ();
}
