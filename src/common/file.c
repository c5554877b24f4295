/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"

char *
file_read_fd (int fd, size_t max_size, const char *name, size_t *ret_size, GError **error)
{
  g_autoptr (GString) content = g_string_new (NULL);
  char buffer[16 * 1024];

  for (;;)
    {
      ssize_t n = read (fd, buffer, sizeof buffer);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          hive_error_set_errno (error, errno, "Cannot read %s", name);
          return NULL;
        }
      if (n == 0)
        break;
      if (content->len + n > max_size)
        {
          g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "%s is larger than %zu bytes", name, max_size);
          return NULL;
        }
      g_string_append_len (content, buffer, n);
    }

  if (ret_size)
    *ret_size = content->len;
  return g_string_free (g_steal_pointer (&content), FALSE);
}

char *
file_read (const char *path, size_t max_size, size_t *ret_size, GError **error)
{
  g_auto (Fd) fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

  if (fd < 0)
    {
      hive_error_set_errno (error, errno, "Cannot open %s", path);
      return NULL;
    }

  return file_read_fd (fd, max_size, path, ret_size, error);
}

int
file_write_all (int fd, const char *data, size_t size)
{
  while (size > 0)
    {
      ssize_t n = write (fd, data, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return -errno;
      data += n;
      size -= n;
    }

  return 0;
}

int
file_sync_folder (int fd)
{
  return fsync (fd) < 0 && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP ? -errno : 0;
}

bool
file_sync_directory (const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_auto (Fd) fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int r = fd < 0 ? -errno : file_sync_folder (fd);

  errno = -r;
  return r == 0;
}

bool
file_replace (const char *path, const char *content, ssize_t size, bool durable, GError **error)
{
  g_autofree char *temporary = g_strdup_printf ("%s.new", path);
  g_auto (Fd) fd = open (temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  int r;

  if (fd < 0)
    return hive_error_set_errno (error, errno, "Cannot write %s", path);

  r = file_write_all (fd, content, size < 0 ? strlen (content) : (size_t)size);
  if (r == 0 && durable && fsync (fd) < 0)
    r = -errno;
  if (r == 0 && rename (temporary, path) < 0)
    r = -errno;
  if (r < 0)
    {
      unlink (temporary);
      return hive_error_set_errno (error, -r, "Cannot write %s", path);
    }

  if (durable && !file_sync_directory (path))
    return hive_error_set_errno (error, errno, "Cannot sync the folder of %s", path);

  return true;
}

/* Step by step, and none through a link: what is opened is beneath what was opened before. */
static int
file_walk_beneath (int directory_fd, const char *path, int flags, mode_t mode)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  g_auto (Fd) step = -1;
  int fd;

  if (g_path_is_absolute (path) || g_strv_contains ((const char *const *)parts, ".."))
    return -EXDEV;
  for (char **part = parts; part[0] && part[1]; part++)
    {
      struct stat status;

      if (!**part)
        continue;
      fd = openat (step < 0 ? directory_fd : step, *part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
      if (fd < 0)
        return -errno;
      fd_clear (&step);
      step = fd;
      if (fstat (step, &status) < 0)
        return -errno;
      if (S_ISLNK (status.st_mode))
        return -ELOOP;
    }
  path = strrchr (path, '/') ? strrchr (path, '/') + 1 : path;
  fd = openat (step < 0 ? directory_fd : step, *path ? path : ".", flags | O_NOFOLLOW | O_CLOEXEC, mode);
  return fd < 0 ? -errno : fd;
}

bool
file_make_directories (const char *path, GError **error)
{
  g_autofree char *outer = g_path_get_dirname (path);
  int r;

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return true;
  if (!g_str_equal (outer, path) && !file_make_directories (outer, error))
    return false;

  r = mkdir (path, 0755) < 0 || !file_sync_directory (path) ? errno : 0;
  if (r == EEXIST && g_file_test (path, G_FILE_TEST_IS_DIR)) /* somebody else was faster */
    r = 0;
  return r == 0 || hive_error_set_errno (error, r, "Cannot make %s", path);
}

int
file_open_beneath (int directory_fd, const char *path, int flags, mode_t mode)
{
  struct open_how how = {
    .flags = flags | O_CLOEXEC,
    .mode = flags & O_CREAT ? mode : 0,
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
  };
  int fd;

  /* The kernel answers EAGAIN when a rename elsewhere made it unsure: openat2(2) asks for another try. */
  do
    fd = syscall (SYS_openat2, directory_fd, path, &how, sizeof how);
  while (fd < 0 && (errno == EAGAIN || errno == EINTR));

  if (fd < 0 && (errno == ENOSYS || errno == EPERM))
    return file_walk_beneath (directory_fd, path, flags, mode);
  return fd < 0 ? -errno : fd;
}

bool
file_lacks_rename_flags (int errnum)
{
  return errnum == EINVAL || errnum == ENOSYS || errnum == EOPNOTSUPP;
}

int
file_rename_new (int from_fd, const char *from, int to_fd, const char *to)
{
  struct stat status;

  if (renameat2 (from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0)
    return 0;
  if (!file_lacks_rename_flags (errno))
    return -errno;

  if (linkat (from_fd, from, to_fd, to, 0) == 0)
    return unlinkat (from_fd, from, 0) < 0 ? -errno : 0;
  if (errno == EEXIST || errno == ENOENT || errno == EXDEV)
    return -errno;

  if (fstatat (to_fd, to, &status, AT_SYMLINK_NOFOLLOW) == 0)
    return -EEXIST;
  return errno != ENOENT || renameat (from_fd, from, to_fd, to) < 0 ? -errno : 0;
}

uint64_t
file_mount (int directory_fd, const char *name)
{
  struct statx status;

  if (statx (directory_fd, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &status) < 0)
    return 0;
  return status.stx_mnt_id;
}

char *
file_real_path (int fd)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *real = g_file_read_link (path, NULL);

  return real && *real == '/' && !g_str_has_suffix (real, " (deleted)") ? g_steal_pointer (&real) : NULL;
}

int
file_memory (const char *name, const char *content, ssize_t size, GError **error)
{
  g_auto (Fd) fd = memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  int r = fd < 0 ? -errno : file_write_all (fd, content, size < 0 ? strlen (content) : (size_t)size);

  if (r == 0 && (lseek (fd, 0, SEEK_SET) < 0 ||
                 fcntl (fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0))
    r = -errno;
  if (r < 0)
    {
      hive_error_set_errno (error, -r, "Cannot make a memory file for %s", name);
      return -1;
    }

  return fd_steal (&fd);
}

void
file_open_standard (void)
{
  int fd;

  do
    fd = open ("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0)
    close (fd);
}
