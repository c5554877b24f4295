/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "sha256.h"

#define COPY_SIZE (256 * 1024)

typedef struct archive OutArchive;
static void
out_archive_free (OutArchive *archive)
{
  archive_write_free (archive);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OutArchive, out_archive_free)

typedef struct archive_entry OutEntry;
static void
out_entry_free (OutEntry *entry)
{
  archive_entry_free (entry);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OutEntry, out_entry_free)

typedef struct
{
  OutArchive *archive;
  int root;
  guchar *buffer;
} Packing;

static bool
set_changed (const char *path, GError **error)
{
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED,
               "%s is not as it was installed, and only what is comes into a store: install the worker again", path);
  return false;
}

static bool
write_header (Packing *packing, OutEntry *entry, const char *path, mode_t mode, GError **error)
{
  archive_entry_set_pathname (entry, path + 1);
  archive_entry_set_mode (entry, mode);
  archive_entry_set_mtime (entry, 0, 0);
  if (archive_write_header (packing->archive, entry) == ARCHIVE_OK)
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "Cannot pack %s: %s", path,
               archive_error_string (packing->archive));
  return false;
}

static bool
pack_content (Packing *packing, int fd, const WorkerFile *file, GError **error)
{
  g_autoptr (Sha256) sum = sha256_new ();
  g_autofree char *hex = NULL;
  uint64_t size = 0;
  ssize_t got;

  while (size <= file->size && (got = read (fd, packing->buffer, COPY_SIZE)) > 0)
    {
      sha256_add (sum, packing->buffer, (size_t)got);
      size += (uint64_t)got;
      if (archive_write_data (packing->archive, packing->buffer, (size_t)got) < 0)
        {
          g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "Cannot pack %s: %s", file->path,
                       archive_error_string (packing->archive));
          return false;
        }
    }
  hex = sha256_to_hex (sum);
  return (size == file->size && g_str_equal (hex, file->sha256)) || set_changed (file->path, error);
}

static bool
pack_file (Packing *packing, const WorkerFile *file, GError **error)
{
  g_autoptr (OutEntry) entry = archive_entry_new ();
  g_auto (Fd) fd = file_open_beneath (packing->root, file->path + 1, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
  struct stat st;

  if (fd < 0 || fstat (fd, &st) < 0 || !S_ISREG (st.st_mode) || (st.st_mode & 07777) != file->mode ||
      (uint64_t)st.st_size != file->size)
    return set_changed (file->path, error);
  archive_entry_set_size (entry, st.st_size);
  return write_header (packing, entry, file->path, S_IFREG | file->mode, error) &&
         pack_content (packing, fd, file, error);
}

static bool
pack_link (Packing *packing, const WorkerFile *file, GError **error)
{
  g_autoptr (OutEntry) entry = archive_entry_new ();
  g_autofree char *above = g_path_get_dirname (file->path);
  g_autofree char *name = g_path_get_basename (file->path);
  g_auto (Fd) fd = file_open_beneath (packing->root, above[1] ? above + 1 : ".", O_RDONLY | O_DIRECTORY, 0);
  char target[PATH_MAX];
  ssize_t length = fd < 0 ? -1 : readlinkat (fd, name, target, sizeof target - 1);

  if (length < 0 || (size_t)length != strlen (file->target) || memcmp (target, file->target, (size_t)length) != 0)
    return set_changed (file->path, error);
  archive_entry_set_symlink (entry, file->target);
  return write_header (packing, entry, file->path, S_IFLNK | 0777, error);
}

/* The folders that lead to @path, each once. */
static bool
pack_folders (Packing *packing, GHashTable *done, const char *path, GError **error)
{
  g_autofree char *above = g_path_get_dirname (path);
  g_autoptr (OutEntry) entry = archive_entry_new ();

  if (!above[1] || g_hash_table_contains (done, above))
    return true;
  if (!pack_folders (packing, done, above, error) || !write_header (packing, entry, above, S_IFDIR | 0755, error))
    return false;
  g_hash_table_add (done, g_steal_pointer (&above));
  return true;
}

bool
pack_tree (const Configuration *configuration, const WorkerRecord *record, int fd, GError **error)
{
  g_autoptr (OutArchive) archive = archive_write_new ();
  g_autoptr (GHashTable) done = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree guchar *buffer = g_malloc (COPY_SIZE);
  g_auto (Fd) root = open (configuration->install_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  Packing packing = { .archive = archive, .root = root, .buffer = buffer };

  if (root < 0)
    return hive_error_set_errno (error, errno, "Cannot open %s", configuration->install_root);
  if (archive_write_add_filter_zstd (archive) != ARCHIVE_OK ||
      archive_write_set_format_pax_restricted (archive) != ARCHIVE_OK ||
      archive_write_open_fd (archive, fd) != ARCHIVE_OK)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "Cannot pack: %s", archive_error_string (archive));
      return false;
    }
  for (guint i = 0; i < record->files->len; i++)
    {
      const WorkerFile *file = record->files->pdata[i];

      if (!pack_folders (&packing, done, file->path, error) ||
          !(file->symlink ? pack_link : pack_file) (&packing, file, error))
        return false;
    }
  return archive_write_close (archive) == ARCHIVE_OK ||
         hive_error_set_errno (error, archive_errno (archive), "Cannot pack");
}
