/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file-copy.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "file.h"

#define CHUNK (16 * 1024 * 1024)

/* What was copied, 0 at the end, or -1 with errno. */
static ssize_t
file_copy_chunk (int from, int to)
{
  char buffer[64 * 1024];
  ssize_t n = read (from, buffer, sizeof buffer);
  int r = n > 0 ? file_write_all (to, buffer, n) : 0;

  if (r < 0)
    errno = -r;
  return r < 0 ? -1 : n;
}

int
file_copy (int from, int to, bool (*is_cancelled) (void))
{
  ssize_t n = 1;

  if (ioctl (to, FICLONE, from) == 0)
    return 0;

  while (n != 0)
    {
      if (is_cancelled && is_cancelled ())
        return -EINTR;
      n = copy_file_range (from, NULL, to, NULL, CHUNK, 0);
      /* Some file systems cannot copy (FUSE), others only to themselves, some say the end is there (older overlays),
       * and filters of containers deny it: by hand then, like cp(1). */
      if (n == 0 || (n < 0 && (errno == EXDEV || errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS ||
                               errno == EPERM || errno == EIO)))
        n = file_copy_chunk (from, to);
      if (n < 0 && errno != EINTR)
        return -errno;
    }
  return 0;
}
