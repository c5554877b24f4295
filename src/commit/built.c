/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "built.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "error.h"
#include "file.h"
#include "json.h"

#define NAME      "build.json"
#define BUILT_MAX (1024 * 1024) /* the records of all workers may be asked for in one message */

bool
built_read (int work_fd, WorkerRecord *record, GError **error)
{
  g_auto (Fd) fd = file_open_beneath (work_fd, NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
  g_autofree char *text = NULL;
  struct stat st;
  size_t size;

  if (fd == -ENOENT)
    return true;
  if (fd < 0 || fstat (fd, &st) < 0 || !S_ISREG (st.st_mode))
    {
      g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_PACKAGE_INVALID,
                           "What the builder wrote of the build is not a regular file: build it again");
      return false;
    }
  text = file_read_fd (fd, BUILT_MAX, "What the builder wrote of the build", &size, error);
  record->build = text ? json_parse_object (text, (ssize_t)size, "What the builder wrote of the build",
                                            HIVE_ERROR_PACKAGE_INVALID, error) :
                         NULL;
  return record->build != NULL;
}
