/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "file.h"

/* Each level holds a descriptor and a stack frame. What lies deeper is moved up to the top and removed from there: a
 * recipe may nest ten thousand folders. */
#define DEPTH_MAX 16

#define KEEP_FILES 20000 /* inodes, for others */

typedef struct
{
  int top;
  dev_t device;
  unsigned moved; /* directories moved up so far; names the next one */
} Removal;

/* Opens a directory so that its entries can be removed: a recipe may have taken our rights to it away. */
static int
folder_open (const Removal *removal, int parent, const char *name)
{
  g_auto (Fd) fd = file_open_beneath (parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
  g_autofree char *path = NULL;
  struct stat st;

  if (fd < 0)
    return fd_steal (&fd);
  if (fstat (fd, &st) < 0)
    return -errno;
  if (removal && st.st_dev != removal->device)
    return -EXDEV;

  path = g_strdup_printf ("/proc/self/fd/%d", fd);
  if ((st.st_mode & 0700) != 0700 && chmod (path, 0700) < 0)
    return -errno;
  return file_open_beneath (fd, ".", O_RDONLY | O_DIRECTORY, 0);
}

static int
folder_move_up (Removal *removal, int parent, const char *name)
{
  char to[32];
  int r;

  do
    {
      snprintf (to, sizeof to, ".rbee-hive-clean-%u", removal->moved++);
      r = file_rename_new (parent, name, removal->top, to);
    }
  while (r == -EEXIST);

  return r;
}

static int folder_empty (Removal *removal, int fd, int depth);

static int
folder_remove_child (Removal *removal, int parent, const char *name, int depth)
{
  int fd, r;

  if (unlinkat (parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
    return 0;
  fd = folder_open (removal, parent, name);
  if (fd < 0)
    return fd;
  if (depth == DEPTH_MAX)
    {
      close (fd);
      return folder_move_up (removal, parent, name);
    }

  r = folder_empty (removal, fd, depth + 1);
  return r < 0 ? r : unlinkat (parent, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* Empties the directory @fd (taken). */
static int
folder_empty (Removal *removal, int fd, int depth)
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
        r = folder_remove_child (removal, fd, item->d_name, depth);
      if (r < 0)
        return r;
    }

  return -errno;
}

int
folder_remove (int parent, const char *name)
{
  g_auto (Fd) top = folder_open (NULL, parent, name);
  Removal removal = { .top = top };
  unsigned moved;
  struct stat st;
  int r;

  if (top == -ENOENT)
    return 0;
  if (top == -ENOTDIR || top == -ELOOP)
    return unlinkat (parent, name, 0) < 0 ? -errno : 0;
  if (top < 0)
    return fd_steal (&top);
  if (fstat (top, &st) < 0)
    return -errno;
  removal.device = st.st_dev;

  /* Once more for what was moved up meanwhile: sixteen levels go each time. */
  do
    {
      int fd = file_open_beneath (top, ".", O_RDONLY | O_DIRECTORY, 0);

      moved = removal.moved;
      r = fd < 0 ? fd : folder_empty (&removal, fd, 0);
    }
  while (r == 0 && removal.moved != moved);

  return r < 0 ? r : unlinkat (parent, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int
folder_remove_others (int fd, const char *kept)
{
  int opened = file_open_beneath (fd, ".", O_RDONLY | O_DIRECTORY, 0);
  g_autoptr (AutoDir) dir = opened < 0 ? NULL : fdopendir (opened);
  struct dirent *item;

  if (!dir)
    return opened < 0 ? opened : -errno;
  while ((errno = 0, item = readdir (dir)))
    {
      int r = 0;

      if (!g_str_equal (item->d_name, ".") && !g_str_equal (item->d_name, "..") && !g_str_equal (item->d_name, kept))
        r = folder_remove (fd, item->d_name);
      if (r < 0)
        return r;
    }
  return -errno;
}

/* @deeper: what comes of a folder that lies deeper than @depth. */
static int
folder_visit_to (int fd, FolderVisitor visit, void *userdata, unsigned depth, int deeper)
{
  g_autoptr (AutoDir) dir = NULL;
  int opened = file_open_beneath (fd, ".", O_RDONLY | O_DIRECTORY, 0);
  struct dirent *item;

  if (opened < 0)
    return opened;
  dir = fdopendir (opened);
  if (!dir)
    {
      int r = -errno;

      close (opened);
      return r;
    }

  while ((errno = 0, item = readdir (dir)))
    {
      g_auto (Fd) inner = -1;
      struct stat st;
      int r;

      if (g_str_equal (item->d_name, ".") || g_str_equal (item->d_name, ".."))
        continue;
      if (fstatat (fd, item->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        {
          if (errno == ENOENT)
            continue;
          return -errno;
        }
      r = visit (fd, item->d_name, &st, userdata);
      if (r < 0)
        return r;
      if (!S_ISDIR (st.st_mode))
        continue;
      if (depth == 0 && deeper == 0)
        continue;
      if (depth == 0)
        return deeper;
      inner = file_open_beneath (fd, item->d_name, O_RDONLY | O_DIRECTORY, 0);
      if (inner == -ENOENT || inner == -EACCES)
        continue;
      r = inner < 0 ? inner : folder_visit_to (inner, visit, userdata, depth - 1, deeper);
      if (r < 0)
        return r;
    }
  return -errno;
}

int
folder_visit (int fd, FolderVisitor visit, void *userdata, unsigned depth)
{
  return folder_visit_to (fd, visit, userdata, depth, -ELOOP);
}

int
folder_visit_top (int fd, FolderVisitor visit, void *userdata, unsigned depth)
{
  return folder_visit_to (fd, visit, userdata, depth, 0);
}

typedef struct
{
  uint64_t size, files;
} Amount;

static int
amount_add (int parent, const char *name, const struct stat *st, void *userdata)
{
  Amount *amount = userdata;

  amount->size += (uint64_t)st->st_blocks * 512;
  amount->files++;
  return 0;
}

int
folder_size (int fd, uint64_t *ret_size, uint64_t *ret_files)
{
  Amount amount = { 0 };
  int r = folder_visit (fd, amount_add, &amount, FOLDER_DEPTH_MAX);

  *ret_size = amount.size;
  *ret_files = amount.files;
  return r;
}

bool
folder_is_short_of_space (int fd, uint64_t keep_free)
{
  struct statvfs st;
  uint64_t unit;

  if (keep_free == 0 || fstatvfs (fd, &st) < 0)
    return false;
  unit = st.f_frsize ? st.f_frsize : st.f_bsize;
  return (st.f_blocks > 0 && st.f_bavail * unit < MIN (keep_free, st.f_blocks / 20 * unit)) ||
         (st.f_files > 0 && st.f_favail < MIN (KEEP_FILES, st.f_files / 100));
}
