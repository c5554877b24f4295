/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "json.h"
#include "worker-id.h"

static int
ledger_lock (const char *transactions, GError **error)
{
  g_autofree char *path = g_build_filename (transactions, ".lock", NULL);
  g_auto (Fd) fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  int r = fd;

  while (r >= 0 && (r = flock (fd, LOCK_EX)) < 0 && errno == EINTR)
    r = 0;
  if (r < 0)
    {
      hive_error_set_errno (error, errno, "Cannot lock %s", path);
      return -1;
    }

  return fd_steal (&fd);
}

Ledger *
ledger_look (const Configuration *configuration)
{
  Ledger *ledger = g_new0 (Ledger, 1);

  ledger->configuration = configuration;
  ledger->lock_fd = -1;
  ledger->places = places_new (configuration);
  ledger->stuck_workers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  ledger->stuck_paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  ledger->workers = configuration_state_path (configuration, "workers", NULL);
  ledger->transactions = configuration_state_path (configuration, "transactions", NULL);
  return ledger;
}

Ledger *
ledger_open (const Configuration *configuration, LogWriter *log, GError **error)
{
  g_autoptr (Ledger) ledger = ledger_look (configuration);

  ledger->log = log;
  if (!file_make_directories (ledger->workers, error) || !file_make_directories (ledger->transactions, error))
    return NULL;
  ledger->lock_fd = ledger_lock (ledger->transactions, error);

  return ledger->lock_fd < 0 ? NULL : g_steal_pointer (&ledger);
}

void
ledger_close (Ledger *ledger)
{
  if (!ledger)
    return;
  fd_clear (&ledger->lock_fd);
  g_clear_pointer (&ledger->places, places_free);
  g_clear_pointer (&ledger->stuck_workers, g_hash_table_unref);
  g_clear_pointer (&ledger->stuck_paths, g_hash_table_unref);
  g_free (ledger->workers);
  g_free (ledger->transactions);
  g_free (ledger);
}

bool
ledger_read_installed (const Ledger *ledger, const char *id, WorkerRecord **ret_record, GError **error)
{
  g_autoptr (GError) failure = NULL;

  *ret_record = worker_record_read (ledger->workers, id, &failure);
  if (*ret_record || g_error_matches (failure, HIVE_ERROR, HIVE_ERROR_NOT_INSTALLED))
    return true;

  g_propagate_error (error, g_steal_pointer (&failure));
  return false;
}

GPtrArray *
ledger_read_others (const Ledger *ledger, const char *id, GError **error)
{
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func ((GDestroyNotify)worker_record_free);
  g_autoptr (GDir) dir = g_dir_open (ledger->workers, 0, NULL);
  const char *name;

  if (!dir)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "Cannot read %s", ledger->workers);
      return NULL;
    }

  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *other = g_str_has_suffix (name, ".json") ? g_strndup (name, strlen (name) - 5) : NULL;
      WorkerRecord *record;

      if (!other || !worker_id_is_valid (other) || g_str_equal (other, id))
        continue;
      record = worker_record_read (ledger->workers, other, error);
      if (!record)
        return NULL;
      g_ptr_array_add (records, record);
    }

  return g_steal_pointer (&records);
}

/* ".next" is not a name that a reader of workers/ takes for a record, nor one that file_replace() uses. */
static char *
staged_path (const Ledger *ledger, const char *id)
{
  return g_strdup_printf ("%s/%s.next", ledger->workers, id);
}

bool
ledger_stage_record (const Ledger *ledger, const WorkerRecord *record, GError **error)
{
  g_autoptr (JsonObject) object = worker_record_to_json (record);
  g_autofree char *text = json_to_text (object, true);
  g_autofree char *path = staged_path (ledger, record->id);

  return file_replace (path, text, -1, true, error);
}

static int
ledger_sync_workers (const Ledger *ledger)
{
  g_auto (Fd) fd = open (ledger->workers, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  return fd < 0 ? -errno : file_sync_folder (fd);
}

bool
ledger_put_record (const Ledger *ledger, const WorkerRecord *record, bool staged, GError **error)
{
  g_autofree char *path = g_strdup_printf ("%s/%s.json", ledger->workers, record->id);
  g_autofree char *next = staged_path (ledger, record->id);
  g_autoptr (JsonObject) object = NULL;
  g_autofree char *text = NULL;

  if (staged && rename (next, path) == 0)
    return ledger_sync_workers (ledger) == 0 || hive_error_set_errno (error, errno, "Cannot sync %s", ledger->workers);

  object = worker_record_to_json (record);
  text = json_to_text (object, true);
  if (!file_replace (path, text, -1, true, error))
    return false;

  unlink (next);
  return true;
}

void
ledger_unstage_record (const Ledger *ledger, const char *id)
{
  g_autofree char *path = staged_path (ledger, id);

  unlink (path);
}

bool
ledger_drop_record (const Ledger *ledger, const char *id, GError **error)
{
  g_autofree char *path = g_strdup_printf ("%s/%s.json", ledger->workers, id);

  if ((unlink (path) < 0 && errno != ENOENT) || ledger_sync_workers (ledger) < 0)
    return hive_error_set_errno (error, errno, "Cannot remove %s", path);
  return true;
}

void
ledger_block (const Ledger *ledger, const char *worker_id, GPtrArray *paths, const char *message)
{
  if (worker_id)
    g_hash_table_insert (ledger->stuck_workers, g_strdup (worker_id), g_strdup (message));
  for (guint i = 0; paths && i < paths->len; i++)
    g_hash_table_insert (ledger->stuck_paths, g_strdup (paths->pdata[i]), g_strdup (message));
}

static bool
ledger_check (GHashTable *stuck, const char *key, GError **error)
{
  const char *message = g_hash_table_lookup (stuck, key);

  if (message)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_FAILED, message);
  return !message;
}

bool
ledger_check_worker (const Ledger *ledger, const char *id, GError **error)
{
  return ledger_check (ledger->stuck_workers, id, error);
}

bool
ledger_check_path (const Ledger *ledger, const char *path, GError **error)
{
  return ledger_check (ledger->stuck_paths, path, error);
}

void
ledger_note (const Ledger *ledger, const char *phase, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  if (!ledger->log)
    return;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  log_writer_write (ledger->log, phase, LOG_STREAM_NOTE, text, -1);
}
