/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"

#define BLOCK_SIZE  (256 * 1024)
#define PATH_LENGTH 3000

typedef struct archive AutoArchive;
static void
auto_archive_free (AutoArchive *archive)
{
  archive_read_free (archive);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AutoArchive, auto_archive_free)

typedef struct
{
  AutoArchive *archive;
  int to;
  uint64_t size; /* bytes left */
  unsigned files;
  GString *list;
} Unpacking;

static bool
refuse (GError **error, const char *path, const char *what)
{
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "the tree has %s: %.200s", what, path);
  return false;
}

/* "usr/local/bin/x", with or without "./" before it; "" is the top. NULL: not such a path. */
static const char *
plain_path (const char *path)
{
  g_auto (GStrv) parts = NULL;

  if (!path || strlen (path) > PATH_LENGTH || !g_utf8_validate (path, -1, NULL))
    return NULL;
  path += g_str_has_prefix (path, "./") ? 2 : 0;
  if (!*path || g_str_equal (path, "."))
    return "";
  parts = g_strsplit (path, "/", -1);
  for (char **part = parts; *part; part++)
    if (g_str_equal (*part, "..") || g_str_equal (*part, ".") || (!**part && (part == parts || part[1])))
      return NULL;
  return path;
}

static bool
unpack_content (Unpacking *unpacking, const char *path, int fd, GError **error)
{
  const void *block;
  size_t size;
  int64_t offset, at = 0;
  int r;

  while ((r = archive_read_data_block (unpacking->archive, &block, &size, &offset)) == ARCHIVE_OK)
    {
      if (offset < at || (uint64_t)(offset - at) + size > unpacking->size)
        return refuse (error, path, "more than it should");
      unpacking->size -= (uint64_t)(offset - at) + size;
      at = offset + (int64_t)size;
      if (lseek (fd, offset, SEEK_SET) < 0 || file_write_all (fd, block, size) < 0)
        return hive_error_set_errno (error, errno, "Cannot write %s of the tree", path);
    }
  if (r != ARCHIVE_EOF)
    return refuse (error, path, "a file that is cut short");
  return ftruncate (fd, at) == 0 || hive_error_set_errno (error, errno, "Cannot write %s of the tree", path);
}

static bool
unpack_file (Unpacking *unpacking, const char *path, mode_t mode, GError **error)
{
  g_auto (Fd) fd = file_open_beneath (unpacking->to, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);

  if (fd < 0)
    return hive_error_set_errno (error, -fd, "Cannot make %s of the tree", path);
  return unpack_content (unpacking, path, fd, error) &&
         (fchmod (fd, mode) == 0 || hive_error_set_errno (error, errno, "Cannot make %s of the tree", path));
}

/* The folder that @path is to lie in, through no link. */
static int
open_above (int top, const char *path)
{
  g_autofree char *above = g_path_get_dirname (path);

  return file_open_beneath (top, above, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

static bool
unpack_other (Unpacking *unpacking, const char *path, struct archive_entry *entry, mode_t mode, GError **error)
{
  g_autofree char *trimmed = g_strndup (path, strlen (path) - g_str_has_suffix (path, "/"));
  g_autofree char *name = g_path_get_basename (trimmed);
  g_auto (Fd) above = open_above (unpacking->to, trimmed);
  const char *target = archive_entry_symlink (entry);
  int r = above < 0 ? above : 0;

  if (r == 0 && S_ISLNK (mode))
    r = target && symlinkat (target, above, name) == 0 ? 0 : -errno;
  else if (r == 0)
    r = mkdirat (above, name, 0700) == 0 && fchmodat (above, name, (mode & 0777) | 0700, 0) == 0 ? 0 : -errno;
  return r == 0 || hive_error_set_errno (error, -r, "Cannot make %s of the tree", path);
}

static bool
unpack_entry (Unpacking *unpacking, struct archive_entry *entry, GError **error)
{
  const char *said = archive_entry_pathname (entry);
  const char *path = plain_path (said);
  mode_t mode = archive_entry_mode (entry);
  bool file = S_ISREG (mode), link = S_ISLNK (mode), folder = S_ISDIR (mode);

  if (!path)
    return refuse (error, said ? said : "", "a path that leads elsewhere");
  if (unpacking->files-- == 0)
    return refuse (error, path, "more files than it should");
  if (!*path)
    return folder || refuse (error, said, "a file for its top");
  if (archive_entry_hardlink (entry))
    return refuse (error, path, "a hard link");
  if (!file && !link && !folder)
    return refuse (error, path, "a device or a pipe");
  if (!link && mode & 07000)
    return refuse (error, path, "a set-user-ID, set-group-ID or sticky bit");
  g_string_append_printf (unpacking->list, "%c %o 0 0 %.*s",
                          file ? 'f' :
                          link ? 'l' :
                                 'd',
                          (unsigned)(mode & 07777), (int)strlen (path) - g_str_has_suffix (path, "/"), path);
  g_string_append_c (unpacking->list, '\0');
  return file ? unpack_file (unpacking, path, mode & 0777, error) : unpack_other (unpacking, path, entry, mode, error);
}

bool
unpack_tree (int from, int to, uint64_t size, unsigned files, GString *list, GError **error)
{
  g_autoptr (AutoArchive) archive = archive_read_new ();
  Unpacking unpacking = { .archive = archive, .to = to, .size = size, .files = files, .list = list };
  struct archive_entry *entry;
  int r;

  archive_read_support_filter_zstd (archive);
  archive_read_support_format_tar (archive);
  if (archive_read_open_fd (archive, from, BLOCK_SIZE) != ARCHIVE_OK)
    return refuse (error, "", "no form that is known");
  while ((r = archive_read_next_header (archive, &entry)) == ARCHIVE_OK)
    if (!unpack_entry (&unpacking, entry, error))
      return false;
  return r == ARCHIVE_EOF || refuse (error, "", "damage, or no form that is known");
}
