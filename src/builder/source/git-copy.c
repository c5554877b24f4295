/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "git-copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "file-copy.h"
#include "file.h"
#include "folder.h"
#include "sandbox.h"

#define SHALLOW "shallow" /* gitrepository-layout(5): the commits whose parents are not there */

static int
copy_folder (int from, int to, const char *name)
{
  g_auto (Fd) source = file_open_beneath (from, name, O_RDONLY | O_DIRECTORY, 0);
  g_auto (Fd) target = -1;
  int r = source < 0 ? source : folder_remove (to, name);

  if (r < 0)
    return r;
  if (mkdirat (to, name, 0755) < 0)
    return -errno;
  target = file_open_beneath (to, name, O_RDONLY | O_DIRECTORY, 0);
  return target < 0 ? fd_steal (&target) : cache_copy (source, target);
}

/* A file that need not be there. */
static int
copy_file (int from, int to, const char *name)
{
  g_auto (Fd) source = file_open_beneath (from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  g_auto (Fd) target = -1;

  if (source < 0)
    return source == -ENOENT ? 0 : fd_steal (&source);
  target = file_open_beneath (to, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  return target < 0 ? fd_steal (&target) : file_copy (source, target, sandbox_was_cancelled);
}

static int
write_file (int folder, const char *name, const char *text)
{
  g_auto (Fd) fd = file_open_beneath (folder, name, O_WRONLY | O_CREAT | O_EXCL, 0644);

  return fd < 0 ? fd_steal (&fd) : file_write_all (fd, text, strlen (text));
}

/* Where alternates are named, and what is made of the rest. */
static int
copy_forget_info (int to)
{
  g_auto (Fd) objects = file_open_beneath (to, "objects", O_RDONLY | O_DIRECTORY, 0);

  return objects < 0 ? fd_steal (&objects) : folder_remove (objects, "info");
}

/* As a value of git-config(1), which knows \\ and \" and leaves other characters than ASCII's as they are. A control
 * character becomes what is an error there. */
static char *
value_escape (const char *text)
{
  char beyond[129];

  for (int i = 0; i < 128; i++)
    beyond[i] = (char)(128 + i);
  beyond[128] = '\0';
  return g_strescape (text, beyond);
}

int
git_copy_begin (int fd, bool bare, const char *url)
{
  static const char *const folders[] = { "objects", "refs", "refs/heads", "refs/tags" };
  g_autofree char *first = url ? value_escape (url) : NULL;
  g_autofree char *config =
      g_strdup_printf ("[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = %s\n%s%s%s",
                       bare ? "true" : "false\n\tlogallrefupdates = true",
                       first ? "[remote \"origin\"]\n\turl = \"" : "", first ? first : "",
                       first ? "\"\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n" : "");
  int r = 0;

  for (size_t i = 0; i < G_N_ELEMENTS (folders); i++)
    if (mkdirat (fd, folders[i], 0755) < 0)
      return -errno;
  r = write_file (fd, "HEAD", "ref: refs/heads/main\n");
  return r < 0 ? r : write_file (fd, "config", config);
}

bool
git_copy_is_commit (const char *path)
{
  g_autofree char *file = g_build_filename (path, SHALLOW, NULL);
  struct stat st;

  return lstat (file, &st) == 0 && S_ISREG (st.st_mode) && st.st_size > 0;
}

bool
git_copy_commit (const Git *git, const char *path, int to, GError **error)
{
  g_auto (Fd) from = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  int r = from < 0 ? -errno : copy_folder (from, to, "objects");

  r = r < 0 ? r : copy_forget_info (to);
  r = r < 0 ? r : copy_folder (from, to, "refs");
  r = r < 0 ? r : copy_file (from, to, "packed-refs");
  r = r < 0 ? r : copy_file (from, to, SHALLOW);
  return r >= 0 || (sandbox_check_cancelled (error) &&
                    hive_error_set_errno (error, -r, "Cannot copy the mirror of %s", git->source->name));
}
