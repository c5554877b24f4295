/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "uid-claim.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "job-user.h"

#define STATUS_SIZE_MAX (64 * 1024)

/* Whether the process @pid is @uid's: really, effectively, by what it saved, or to the file system. */
static bool
process_is_of (const char *pid, uid_t uid)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "status", NULL);
  g_autofree char *status = file_read (path, STATUS_SIZE_MAX, NULL, NULL);
  const char *line = status ? strstr (status, "\nUid:") : NULL;
  unsigned uids[4];

  if (!line || sscanf (line, "\nUid: %u %u %u %u", &uids[0], &uids[1], &uids[2], &uids[3]) != 4)
    return false;
  return uids[0] == uid || uids[1] == uid || uids[2] == uid || uids[3] == uid;
}

/* False and @error where nobody can say. */
static bool
uid_is_idle (uid_t uid, GError **error)
{
  g_autoptr (GDir) processes = g_dir_open ("/proc", 0, NULL);
  const char *name;

  if (!processes)
    return hive_error_set_errno (error, errno, "Cannot see in /proc whether user %u has processes", (unsigned)uid);
  while ((name = g_dir_read_name (processes)))
    if (g_ascii_isdigit (*name) && process_is_of (name, uid))
      return false;
  return true;
}

int
uid_claim (uid_t uid, GError **error)
{
  g_autofree char *path = g_strdup_printf (JOB_USER_FOLDER "/%u", (unsigned)uid);
  g_auto (Fd) fd = -1;

  if (getpwuid (uid))
    return -1;
  if (!file_make_directories (JOB_USER_FOLDER, error))
    return -1;
  fd = open (path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    {
      hive_error_set_errno (error, errno, "Cannot open %s", path);
      return -1;
    }
  if (flock (fd, LOCK_EX | LOCK_NB) < 0 || !uid_is_idle (uid, error))
    return -1;
  return fd_steal (&fd);
}
