/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "sha256.h"

#define BLOCK_SIZE (1024 * 1024)

static ssize_t
read_block (int fd, char *block)
{
  ssize_t n;

  do
    n = read (fd, block, BLOCK_SIZE);
  while (n < 0 && errno == EINTR);

  return n;
}

char *
copy_sum (int fd, uint64_t max_size, uint64_t *ret_size)
{
  g_autoptr (Sha256) sum = sha256_new ();
  g_autofree char *block = g_malloc (BLOCK_SIZE);
  uint64_t size = 0;
  ssize_t n;

  while ((n = read_block (fd, block)) > 0)
    {
      size += n;
      if (size > max_size)
        {
          errno = EFBIG;
          return NULL;
        }
      sha256_add (sum, block, (size_t)n);
    }

  *ret_size = size;
  return n < 0 ? NULL : sha256_to_hex (sum);
}

int
copy_content (int from, int to, uint64_t size, char **ret_sum)
{
  g_autoptr (Sha256) sum = sha256_new ();
  g_autofree char *block = g_malloc (BLOCK_SIZE);
  uint64_t copied = 0;
  ssize_t n;

  while ((n = read_block (from, block)) > 0)
    {
      int r;

      copied += n;
      if (copied > size)
        return -ESTALE;
      sha256_add (sum, block, (size_t)n);
      r = file_write_all (to, block, n);
      if (r < 0)
        return r;
    }
  if (n < 0)
    return -EBADF;
  if (copied != size)
    return -ESTALE;

  *ret_sum = sha256_to_hex (sum);
  return 0;
}

/* Owner before mode: chown clears bits. A folder with the set-group-ID bit would give its group to what is made in it.
 */
static int
copy_finish (int fd, unsigned mode, bool sync)
{
  if ((geteuid () == 0 && fchown (fd, 0, 0) < 0) || fchmod (fd, mode) < 0 || (sync && fsync (fd) < 0))
    return -errno;
  return 0;
}

static bool
copy_file (const Tree *tree, const TreeEntry *entry, Places *places, int parent, const char *temporary, bool sync,
           WorkerFile *file, GError **error)
{
  g_auto (Fd) from = tree_open (tree, entry);
  g_auto (Fd) to = -1;
  struct stat st;
  int r;

  if (from == -EACCES || from == -EPERM)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_PACKAGE_INVALID,
                   "%s in the package cannot be read: package() must leave it readable", entry->path);
      return false;
    }
  if (from < 0 || fstat (from, &st) < 0 || !tree_entry_is (entry, &st))
    return tree_set_changed (entry->path, error);

  to = openat (parent, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (to < 0)
    return places_set_error (places, errno, entry->path, error);

  r = copy_content (from, to, entry->st.st_size, &file->sha256);
  if (r == -EBADF)
    return hive_error_set_errno (error, EIO, "Cannot read %s in the package", entry->path);
  if (r == -ESTALE || fstat (from, &st) < 0 || !tree_entry_is (entry, &st))
    return tree_set_changed (entry->path, error);
  if (r == 0)
    r = copy_finish (to, entry->mode, sync);
  if (r < 0)
    return places_set_error (places, -r, entry->path, error);

  file->mode = entry->mode;
  file->size = entry->st.st_size;
  return true;
}

static bool
copy_link (const TreeEntry *entry, Places *places, int parent, const char *temporary, WorkerFile *file, GError **error)
{
  if (symlinkat (entry->target, parent, temporary) < 0 ||
      (geteuid () == 0 && fchownat (parent, temporary, 0, 0, AT_SYMLINK_NOFOLLOW) < 0))
    return places_set_error (places, errno, entry->path, error);

  file->symlink = true;
  file->target = g_strdup (entry->target);
  return true;
}

bool
copy_entry (const Tree *tree, const TreeEntry *entry, Places *places, const char *temporary, bool sync,
            WorkerFile *file, uint64_t *ret_inode, GError **error)
{
  const char *name;
  int parent = places_open_parent (places, entry->path, &name);
  struct stat st;

  if (parent < 0)
    return places_set_error (places, -parent, entry->path, error);
  if (entry->target ? !copy_link (entry, places, parent, temporary, file, error) :
                      !copy_file (tree, entry, places, parent, temporary, sync, file, error))
    return false;
  if (fstatat (parent, temporary, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return places_set_error (places, errno, entry->path, error);

  *ret_inode = st.st_ino;
  return true;
}
