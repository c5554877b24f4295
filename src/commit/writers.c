/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "writers.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "error.h"
#include "file.h"

static bool
user_is_trusted (uid_t uid)
{
  return uid == 0 || uid == geteuid ();
}

/* True when somebody has @gid as the first group. */
static bool
group_is_first (gid_t gid)
{
  FILE *stream = fopen ("/etc/passwd", "re");
  const struct passwd *user;
  bool found = false;

  while (stream && !found && (user = fgetpwent (stream)))
    found = user->pw_gid == gid && !user_is_trusted (user->pw_uid);
  if (stream)
    fclose (stream);
  return found || !stream;
}

/* True when nobody is in the group, as in Debian's staff, which has /usr/local. One that is not in the files of this
 * machine may have anybody. */
static bool
group_is_empty (gid_t gid)
{
  FILE *stream = fopen ("/etc/group", "re");
  const struct group *group;
  bool empty = false;

  while (stream && (group = fgetgrent (stream)))
    if (group->gr_gid == gid)
      empty = !group->gr_mem[0];
  if (stream)
    fclose (stream);
  return empty && !group_is_first (gid);
}

static bool
has_access_list (int fd)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);

  return getxattr (path, "system.posix_acl_access", NULL, 0) > 0;
}

char *
writers_other (int fd)
{
  struct stat st;

  if (fstat (fd, &st) < 0)
    return g_strdup ("nobody knows who");
  if (!user_is_trusted (st.st_uid))
    return g_strdup_printf ("user %u", (unsigned)st.st_uid);
  if (st.st_mode & S_IWOTH)
    return g_strdup ("everybody");
  if (!(st.st_mode & S_IWGRP))
    return NULL;
  if (has_access_list (fd))
    return g_strdup ("whom its access list names");
  return st.st_gid == 0 || group_is_empty (st.st_gid) ? NULL : g_strdup_printf ("group %u", (unsigned)st.st_gid);
}

bool
writers_check (Places *places, const char *path, GError **error)
{
  const char *name;
  int parent = places_open_parent (places, path, &name);
  int nofollow = places_is_below (places, path) ? O_NOFOLLOW : 0; /* a prefix may be a link */
  g_auto (Fd) fd = parent < 0 ? -1 : openat (parent, name, O_PATH | O_DIRECTORY | O_CLOEXEC | nofollow);
  g_autofree char *writer = fd < 0 ? NULL : writers_other (fd);
  g_autofree char *full = writer ? places_show (places, path) : NULL;
  g_autofree char *list = writer && has_access_list (fd) ? g_strdup_printf ("setfacl -b %s; ", full) : g_strdup ("");

  if (!writer)
    return true;
  g_set_error (
      error, HIVE_ERROR, HIVE_ERROR_FAILED,
      "%s may be written by %s, who could change what is installed there: run \"%schown root:root %s; chmod go-w "
      "%s\", then try again",
      full, writer, list, full, full);
  return false;
}
