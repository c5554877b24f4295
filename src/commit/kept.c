/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kept.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"
#include "error.h"
#include "file.h"
#include "folder.h"
#include "json.h"
#include "kept-version.h"

#define STAGED ".new"

/* A version that is being copied. */
typedef struct
{
  const Ledger *ledger;
  int pkg;             /* the directory `pkg` */
  GString *list;       /* of the package's files, as package-list.h reads it */
  GHashTable *folders; /* paths that are made already */
} Keeping;

static int
kept_open_worker (const Ledger *ledger, const char *worker_id)
{
  g_autofree char *path = configuration_state_path (ledger->configuration, "kept", worker_id, NULL);
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  return fd < 0 ? -errno : fd;
}

/* Copying */

static void
keeping_list (Keeping *keeping, char type, unsigned mode, const char *path)
{
  g_string_append_printf (keeping->list, "%c %04o 0 0 %s", type, mode, path + 1);
  g_string_append_c (keeping->list, '\0');
}

/* Makes @path and the folders that lead to it. */
static bool
keeping_add_folder (Keeping *keeping, const char *path, GError **error)
{
  g_autofree char *outer = g_path_get_dirname (path);
  struct stat st;

  if (g_str_equal (path, "/") || g_hash_table_contains (keeping->folders, path))
    return true;
  if (!keeping_add_folder (keeping, outer, error))
    return false;
  if (places_stat (keeping->ledger->places, path, &st) < 0 || !S_ISDIR (st.st_mode))
    return places_set_error (keeping->ledger->places, ENOTDIR, path, error);
  if (mkdirat (keeping->pkg, path + 1, 0700) < 0)
    return hive_error_set_errno (error, errno, "Cannot keep %s", path);

  keeping_list (keeping, 'd', (st.st_mode & 0755) | 0700, path);
  g_hash_table_add (keeping->folders, g_strdup (path));
  return true;
}

static bool
keeping_copy_file (Keeping *keeping, const WorkerFile *file, int from, GError **error)
{
  g_auto (Fd) to = openat (keeping->pkg, file->path + 1, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  g_autofree char *sum = NULL;
  struct stat st;
  int r = to < 0 ? -errno : copy_content (from, to, file->size, &sum);

  if (r == -ESTALE || (r == 0 && (!g_str_equal (sum, file->sha256) || fstat (from, &st) < 0 || !S_ISREG (st.st_mode) ||
                                  (st.st_mode & 07777) != file->mode)))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "%s was changed since it was installed", file->path);
      return false;
    }
  if (r == 0 && fchmod (to, file->mode) < 0)
    r = -errno;
  return r == 0 || hive_error_set_errno (error, -r, "%s cannot be copied", file->path);
}

static bool
keeping_add_file (Keeping *keeping, const WorkerFile *file, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (file->path);
  const char *name;
  int parent = places_open_parent (keeping->ledger->places, file->path, &name);
  g_auto (Fd) from = -1;

  if (parent < 0)
    return places_set_error (keeping->ledger->places, -parent, file->path, error);
  if (!file->symlink)
    {
      from = file_open_beneath (parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
      if (from < 0)
        return places_set_error (keeping->ledger->places, -from, file->path, error);
    }
  if (!keeping_add_folder (keeping, folder, error))
    return false;

  keeping_list (keeping, file->symlink ? 'l' : 'f', file->symlink ? 0777 : file->mode, file->path);
  if (!file->symlink)
    return keeping_copy_file (keeping, file, from, error);
  return symlinkat (file->target, keeping->pkg, file->path + 1) == 0 ||
         hive_error_set_errno (error, errno, "%s cannot be copied", file->path);
}

static bool
keeping_add_all (Keeping *keeping, const WorkerRecord *record, GError **error)
{
  for (char **path = record->directories; *path; path++)
    if (!keeping_add_folder (keeping, *path, error))
      return false;
  for (guint i = 0; i < record->files->len; i++)
    if (!keeping_add_file (keeping, record->files->pdata[i], error))
      return false;
  return true;
}

static bool
kept_write (int version, const char *name, const char *content, size_t size, GError **error)
{
  g_auto (Fd) fd = openat (version, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  int r = fd < 0 ? -errno : file_write_all (fd, content, size);

  return r == 0 || hive_error_set_errno (error, -r, "Cannot write %s", name);
}

/* Fills the new directory @version. */
static bool
kept_copy (const Ledger *ledger, const WorkerRecord *record, int version, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);
  g_autoptr (GHashTable) folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (JsonObject) object = worker_record_to_json (record);
  g_autofree char *text = json_to_text (object, true);
  g_autofree char *name = g_strconcat (record->id, ".json", NULL);
  g_auto (Fd) pkg = -1;
  Keeping keeping = { .ledger = ledger, .list = list, .folders = folders };

  if (mkdirat (version, "pkg", 0755) < 0 ||
      (pkg = openat (version, "pkg", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
    return hive_error_set_errno (error, errno, "Cannot make a folder for it");
  keeping.pkg = pkg;
  if (!keeping_add_all (&keeping, record, error) || !kept_write (version, "list", list->str, list->len, error) ||
      !kept_write (version, name, text, strlen (text), error))
    return false;
  return syncfs (version) == 0 || hive_error_set_errno (error, errno, "Cannot sync it");
}

bool
kept_stage (const Ledger *ledger, const WorkerRecord *record, GError **error)
{
  g_autofree char *path = configuration_state_path (ledger->configuration, "kept", record->id, NULL);
  g_autofree char *name = g_strconcat (record->job, STAGED, NULL);
  g_auto (Fd) folder = -1;
  g_auto (Fd) version = -1;

  if (!file_make_directories (path, error))
    return false;
  folder = kept_open_worker (ledger, record->id);
  if (folder < 0)
    return hive_error_set_errno (error, -folder, "Cannot open %s", path);
  folder_remove (folder, name);
  if (mkdirat (folder, name, 0755) < 0 ||
      (version = openat (folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
    return hive_error_set_errno (error, errno, "Cannot make %s/%s", path, name);
  if (kept_copy (ledger, record, version, error))
    return true;

  folder_remove (folder, name);
  return false;
}

void
kept_unstage (const Ledger *ledger, const char *worker_id, const char *job)
{
  g_auto (Fd) folder = kept_open_worker (ledger, worker_id);
  g_autofree char *name = g_strconcat (job, STAGED, NULL);

  if (folder >= 0)
    folder_remove (folder, name);
}

/* Settling */

static void
kept_prune (const Ledger *ledger, int folder, const char *worker_id)
{
  g_auto (GStrv) jobs = kept_version_jobs (ledger->configuration, worker_id);
  unsigned count = g_strv_length (jobs);

  for (unsigned i = ledger->configuration->keep_versions; i < count; i++)
    folder_remove (folder, jobs[i]);
}

void
kept_settle (const Ledger *ledger, const char *worker_id, const char *job, const char *spent)
{
  g_auto (Fd) folder = kept_open_worker (ledger, worker_id);

  if (folder < 0)
    return;
  if (job)
    {
      g_autofree char *name = g_strconcat (job, STAGED, NULL);

      renameat (folder, name, folder, job); /* done already when this is done again */
    }
  if (spent)
    folder_remove (folder, spent);
  kept_prune (ledger, folder, worker_id);
  fsync (folder);
}

void
kept_drop (const Ledger *ledger, const char *worker_id)
{
  g_autofree char *path = configuration_state_path (ledger->configuration, "kept", NULL);
  g_auto (Fd) all = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (all >= 0)
    folder_remove (all, worker_id);
}

int
kept_open (const Ledger *ledger, const char *worker_id, WorkerRecord **ret_record, GError **error)
{
  g_auto (GStrv) jobs = kept_version_jobs (ledger->configuration, worker_id);
  g_auto (Fd) folder = jobs[0] ? kept_open_worker (ledger, worker_id) : -ENOENT;
  g_autoptr (WorkerRecord) record = NULL;
  int fd;

  if (!jobs[0])
    {
      kept_version_set_none (worker_id, error);
      return -1;
    }
  record = kept_version_read (ledger->configuration, worker_id, jobs[0], error);
  if (!record)
    return -1;
  fd = folder < 0 ? folder : file_open_beneath (folder, jobs[0], O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  if (fd < 0)
    {
      hive_error_set_errno (error, -fd, "Cannot open version %s of %s that is kept", record->version, worker_id);
      return -1;
    }
  *ret_record = g_steal_pointer (&record);
  return fd;
}
