/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A descriptor that closes with its scope: `g_auto(Fd) fd = open (…)` (-1 is none). file_steal_fd() takes it out. */
typedef int Fd;
static inline void
fd_clear (Fd *fd)
{
  if (*fd >= 0)
    g_close (*fd, NULL);
  *fd = -1;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fd, fd_clear)

static inline int
fd_steal (Fd *fd)
{
  int stolen = *fd;
  *fd = -1;
  return stolen;
}

/* Reads a whole descriptor from where it stands, at most @max_size bytes: InvalidArgument naming @name past that.
 * Always terminated. */
char *file_read_fd (int fd, size_t max_size, const char *name, size_t *ret_size, GError **error);

/* The same of a file. Missing: Failed. */
char *file_read (const char *path, size_t max_size, size_t *ret_size, GError **error);

/* Replaces @path by @content in one rename; mode 0644. With @durable, file and directory are synced first. */
bool file_replace (const char *path, const char *content, ssize_t size, bool durable, GError **error);

/* fsync(2) of a folder, where its file system knows that (9p, some of FUSE and CIFS do not). 0 or a negative errno. */
int file_sync_folder (int fd);

/* Makes the names in the directory that holds @path durable. False with errno on failure. */
bool file_sync_directory (const char *path);

/* Makes the directory @path and those above it that are missing; mode 0755. Their names are durable then: what is
 * synced in a directory is lost with it. */
bool file_make_directories (const char *path, GError **error);

/* Writes everything, through interruptions and short writes. 0 or a negative errno. */
int file_write_all (int fd, const char *data, size_t size);

/* openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS, or the same by steps where a filter
 * denies that call (ENOSYS or EPERM), as systemd's RestrictSUIDSGID= does. @path has no "..". A descriptor or a
 * negative errno: -EXDEV where it would lead out, -ELOOP where a link is in the way. */
int file_open_beneath (int directory_fd, const char *path, int flags, mode_t mode);

/* renameat(2) to a name that must be free (-EEXIST), also where the file system has no RENAME_NOREPLACE (NFS, FUSE): a
 * second name and the first one's end, or, where there are no hard links or it is a folder, a look before; that look is
 * enough where nobody else writes @to_fd. 0 or a negative errno. */
int file_rename_new (int from_fd, const char *from, int to_fd, const char *to);

/* Whether renameat2() said that its flags are not known there. */
bool file_lacks_rename_flags (int errnum);

/* The mount that @name in @directory_fd ("": that itself) is on, links not followed: statx(2). Unlike a device number
 * it is one for all of an overlay. 0 when there is no such file. */
uint64_t file_mount (int directory_fd, const char *name);

/* Where the open file @fd (O_PATH will do) is, without links; NULL when that cannot be said. */
char *file_real_path (int fd);

/* Opens /dev/null as descriptors 0 to 2 where they are nothing, so that none of ours takes their place. */
void file_open_standard (void);

/* A sealed memfd holding @content, its offset at 0: how a request reaches a child's standard input. -1 and @error on
 * failure. */
int file_memory (const char *name, const char *content, ssize_t size, GError **error);
