/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"

const char *
work_name (const Configuration *configuration, const char *path, GError **error)
{
  g_autofree char *folder = configuration_cache_path (configuration, "work", NULL);
  size_t length = strlen (folder);
  const char *name = path && strncmp (path, folder, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;

  if (name && *name && !strchr (name, '/') && !g_str_equal (name, ".") && !g_str_equal (name, ".."))
    return name;

  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "\"%s\" is not a work directory in %s", path ? path : "",
               folder);
  return NULL;
}

int
work_open_all (const Configuration *configuration, GError **error)
{
  g_autofree char *folder = configuration_cache_path (configuration, "work", NULL);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    hive_error_set_errno (error, errno, "Cannot open %s", folder);
  return fd;
}

int
work_take (const Configuration *configuration, const char *path, GError **error)
{
  const char *name = work_name (configuration, path, error);
  g_auto (Fd) folder = name ? work_open_all (configuration, error) : -1;
  g_auto (Fd) work = -1;

  if (folder < 0)
    return -1;

  work = file_open_beneath (folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  if (work < 0)
    {
      hive_error_set_errno (error, -work, "Cannot open %s", path);
      return -1;
    }
  if ((geteuid () == 0 && fchown (work, 0, 0) < 0) || fchmod (work, 0700) < 0)
    {
      hive_error_set_errno (error, errno, "Cannot take over %s", path);
      return -1;
    }

  return fd_steal (&work);
}
