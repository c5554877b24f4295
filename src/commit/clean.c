/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "clean.h"

#include "error.h"
#include "file.h"
#include "work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each level holds a descriptor and a stack frame. What lies deeper is moved up to the top and removed from there: a
 * recipe may nest ten thousand folders. */
#define DEPTH_MAX 16

typedef DIR AutoDir;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AutoDir, closedir)

typedef struct
{
  int top; /* the work directory */
  dev_t device;
  unsigned moved; /* directories moved up so far; names the next one */
} Clean;

/* Opens a directory so that its entries can be removed: a recipe may have taken our rights to it away. */
static int
clean_open (const Clean *clean, int parent, const char *name)
{
  g_auto (Fd) fd = file_open_beneath (parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
  g_autofree char *path = NULL;
  struct stat st;

  if (fd < 0)
    return fd_steal (&fd);
  if (fstat (fd, &st) < 0)
    return -errno;
  if (clean && st.st_dev != clean->device)
    return -EXDEV;

  path = g_strdup_printf ("/proc/self/fd/%d", fd);
  if ((st.st_mode & 0700) != 0700 && chmod (path, 0700) < 0)
    return -errno;
  return file_open_beneath (fd, ".", O_RDONLY | O_DIRECTORY, 0);
}

static int
clean_move_up (Clean *clean, int parent, const char *name)
{
  char to[32];

  do
    snprintf (to, sizeof to, ".rbee-hive-clean-%u", clean->moved++);
  while (renameat2 (parent, name, clean->top, to, RENAME_NOREPLACE) < 0 && errno == EEXIST);

  return faccessat (clean->top, to, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? -EBUSY : 0;
}

static int clean_directory (Clean *clean, int fd, int depth);

static int
clean_child (Clean *clean, int parent, const char *name, int depth)
{
  int fd, r;

  if (unlinkat (parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
    return 0;
  fd = clean_open (clean, parent, name);
  if (fd < 0)
    return fd;
  if (depth == DEPTH_MAX)
    {
      close (fd);
      return clean_move_up (clean, parent, name);
    }

  r = clean_directory (clean, fd, depth + 1);
  return r < 0 ? r : unlinkat (parent, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* Empties the directory @fd (taken). */
static int
clean_directory (Clean *clean, int fd, int depth)
{
  g_autoptr (AutoDir) dir = fdopendir (fd);
  struct dirent *item;

  if (!dir)
    {
      int r = -errno;

      close (fd);
      return r;
    }

  while ((errno = 0, item = readdir (dir)))
    {
      int r = 0;

      if (g_str_equal (item->d_name, ".") || g_str_equal (item->d_name, ".."))
        continue;
      if (item->d_type != DT_DIR && unlinkat (fd, item->d_name, 0) < 0 && errno != ENOENT)
        r = errno == EISDIR ? -EISDIR : -errno;
      if (item->d_type == DT_DIR || r == -EISDIR)
        r = clean_child (clean, fd, item->d_name, depth);
      if (r < 0)
        return r;
    }

  return -errno;
}

static int
clean_tree (int folder, const char *name)
{
  g_auto (Fd) top = clean_open (NULL, folder, name);
  Clean clean = { .top = top };
  unsigned moved;
  struct stat st;
  int r;

  if (top == -ENOENT)
    return 0;
  if (top == -ENOTDIR || top == -ELOOP)
    return unlinkat (folder, name, 0) < 0 ? -errno : 0;
  if (top < 0)
    return fd_steal (&top);
  if (fstat (top, &st) < 0)
    return -errno;
  clean.device = st.st_dev;

  /* Once more for what was moved up meanwhile: sixteen levels go each time. */
  do
    {
      int fd = file_open_beneath (top, ".", O_RDONLY | O_DIRECTORY, 0);

      moved = clean.moved;
      r = fd < 0 ? fd : clean_directory (&clean, fd, 0);
    }
  while (r == 0 && clean.moved != moved);

  return r < 0 ? r : unlinkat (folder, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

bool
clean_run (const Configuration *configuration, const char *path, GError **error)
{
  const char *name = work_name (configuration, path, error);
  g_autoptr (GError) failure = NULL;
  g_auto (Fd) folder = name ? work_open_all (configuration, &failure) : -1;
  int r;

  if (!name)
    return false;
  if (folder < 0)
    {
      g_autofree char *all = configuration_cache_path (configuration, "work", NULL);

      if (access (all, F_OK) < 0 && errno == ENOENT)
        return true;
      g_propagate_error (error, g_steal_pointer (&failure));
      return false;
    }

  r = clean_tree (folder, name);
  if (r == -EXDEV)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "Something is mounted below %s: unmount it, then remove it",
                   path);
      return false;
    }
  return r == 0 || hive_error_set_errno (error, -r, "Can't remove %s", path);
}
