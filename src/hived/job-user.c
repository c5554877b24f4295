/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-user.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "file.h"

#define PREFIX        "rbee-builder-"
#define NAME_SIZE_MAX 256

/* False without an error when another unit has it. */
static bool
claim_make (const char *user, const char *unit, GError **error)
{
  g_autofree char *path = g_build_filename (JOB_USER_FOLDER, user, NULL);
  g_auto (Fd) fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  int r = fd < 0 ? -errno : file_write_all (fd, unit, strlen (unit));

  if (r >= 0)
    return true;
  if (fd >= 0)
    unlink (path);
  return r == -EEXIST ? false : hive_error_set_errno (error, -r, "Cannot write %s", path);
}

char *
job_user_claim (const char *unit, unsigned *next, GError **error)
{
  unsigned count = 0;

  if (!file_make_directories (JOB_USER_FOLDER, error))
    return NULL;
  /* From the next one to the last, and once from the first one to the last. */
  for (int round = 0; round < 2;)
    {
      g_autofree char *user = g_strdup_printf (PREFIX "%u", *next);
      g_autoptr (GError) failure = NULL;

      if (!getpwnam (user))
        {
          count = *next;
          *next = 0;
          round++;
          continue;
        }
      ++*next;
      if (claim_make (user, unit, &failure))
        return g_steal_pointer (&user);
      if (failure)
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return NULL;
        }
    }
  if (count == 0)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                 "There is no user %s0, as whom jobs run; make it and the others: systemd-sysusers rbee-hive.conf",
                 PREFIX);
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
                 "All %u users of jobs are in use (%s0 to %s%u); make more by lines like \"u %s%u -\" in a file of "
                 "/etc/sysusers.d and systemd-sysusers",
                 count, PREFIX, PREFIX, count - 1, PREFIX, count);
  return NULL;
}

void
job_user_release (const char *user)
{
  g_autofree char *path = g_build_filename (JOB_USER_FOLDER, user, NULL);

  if (unlink (path) < 0 && errno != ENOENT)
    g_warning ("Cannot remove %s: %m", path);
}

void
job_user_foreach (void (*each) (const char *user, const char *unit, void *userdata), void *userdata)
{
  g_autoptr (GDir) folder = g_dir_open (JOB_USER_FOLDER, 0, NULL);
  const char *user;

  while (folder && (user = g_dir_read_name (folder)))
    {
      g_autofree char *path = g_build_filename (JOB_USER_FOLDER, user, NULL);
      g_autofree char *unit = NULL;

      if (!g_str_has_prefix (user, PREFIX))
        continue;
      unit = file_read (path, NAME_SIZE_MAX, NULL, NULL);
      /* The daemon was killed between two system calls, and had started nothing yet. */
      if (!unit || !*unit)
        job_user_release (user);
      else
        each (user, unit, userdata);
    }
}
