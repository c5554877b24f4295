/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "match.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"
#include "file.h"

static Match
match_errno (int errnum)
{
  switch (errnum)
    {
    case ENOENT:
      return MATCH_MISSING;
    case ENOTDIR: /* something else stands where a folder on the way was */
    case ELOOP:
      return MATCH_CHANGED;
    default:
      return MATCH_UNREADABLE;
    }
}

static Match
match_link (int parent, const char *name, const char *target)
{
  char found[PATH_MAX];
  ssize_t length = readlinkat (parent, name, found, sizeof found);

  if (length < 0)
    return match_errno (errno);
  return (size_t)length == strlen (target) && memcmp (found, target, length) == 0 ? MATCH_SAME : MATCH_CHANGED;
}

static Match
match_content (int parent, const char *name, const WorkerFile *file, ino_t inode)
{
  g_auto (Fd) fd = file_open_beneath (parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
  g_autofree char *sum = NULL;
  struct stat st;
  uint64_t size;

  if (fd < 0)
    return match_errno (-fd);
  if (fstat (fd, &st) < 0 || st.st_ino != inode || !S_ISREG (st.st_mode))
    return MATCH_CHANGED;

  sum = copy_sum (fd, file->size, &size);
  if (!sum)
    return errno == EFBIG ? MATCH_CHANGED : MATCH_UNREADABLE;
  return size == file->size && g_str_equal (sum, file->sha256) ? MATCH_SAME : MATCH_CHANGED;
}

Match
match_file (Places *places, const WorkerFile *file, uint64_t *ret_inode)
{
  const char *name;
  int parent = places_open_parent (places, file->path, &name);
  struct stat st;

  if (parent < 0)
    return match_errno (-parent);
  if (fstatat (parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return match_errno (errno);

  if (ret_inode)
    *ret_inode = st.st_ino;
  if (file->symlink)
    return S_ISLNK (st.st_mode) ? match_link (parent, name, file->target) : MATCH_CHANGED;
  if (!S_ISREG (st.st_mode) || (st.st_mode & 07777) != file->mode || (uint64_t)st.st_size != file->size)
    return MATCH_CHANGED;
  return match_content (parent, name, file, st.st_ino);
}
