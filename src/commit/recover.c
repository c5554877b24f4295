/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover.h"

#include "error.h"
#include "file.h"
#include "json.h"
#include "transaction.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* File replacement that a crash cut short leaves its temporary file. */
static void
remove_remnants (const char *folder, const char *suffix)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_suffix (name, suffix))
      {
        g_autofree char *path = g_build_filename (folder, name, NULL);

        unlink (path);
      }
}

static int
compare_paths (const void *a, const void *b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

static GPtrArray *
list_manifests (const Ledger *ledger)
{
  g_autoptr (GDir) dir = g_dir_open (ledger->transactions, 0, NULL);
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_suffix (name, ".json"))
      g_ptr_array_add (paths, g_build_filename (ledger->transactions, name, NULL));

  g_ptr_array_sort (paths, compare_paths);
  return paths;
}

static void
report (LogWriter *log, const Transaction *transaction)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autofree char *text = NULL;

  if (!log)
    return;

  json_object_set_string_member (object, "job", transaction->job);
  json_object_set_string_member (object, "worker_id", transaction->worker_id);
  json_object_set_string_member (object, "outcome", transaction->state == TRANSACTION_COMMITTED ? "done" : "undone");
  text = json_to_text (object, false);
  log_writer_write (log, "recover", LOG_STREAM_RESULT, text, -1);
}

static bool
recover_one (const Ledger *ledger, LogWriter *log, const char *path, GError **error)
{
  g_autoptr (Transaction) transaction = transaction_read (ledger, path, error);
  g_autoptr (GError) failure = NULL;

  if (!transaction)
    return false;
  /* Who was killed may not have come to sync this state. What is done now could reach the disk before it, and after a
   * power cut the state before would be taken for what to do. */
  if (!file_sync_directory (path))
    return hive_error_set_errno (error, errno, "Can't sync the folder of %s", path);

  if (transaction->state == TRANSACTION_COMMITTED ? transaction_finish (transaction, ledger, false, &failure) :
                                                    transaction_undo (transaction, ledger, &failure))
    {
      report (log, transaction);
      return true;
    }

  g_set_error (error, HIVE_ERROR, failure->code, "The change that job %s began with worker %s can't be %s: %s (%s)",
               transaction->job, transaction->worker_id,
               transaction->state == TRANSACTION_COMMITTED ? "finished" : "undone", failure->message, path);
  return false;
}

bool
recover_all (const Ledger *ledger, LogWriter *log, GError **error)
{
  g_autoptr (GPtrArray) paths = list_manifests (ledger);
  g_autoptr (GError) first = NULL;

  for (guint i = 0; i < paths->len; i++)
    {
      g_autoptr (GError) failure = NULL;

      if (recover_one (ledger, log, paths->pdata[i], &failure))
        continue;
      if (!first)
        first = g_steal_pointer (&failure);
      else if (log)
        log_writer_note (log, "recover", "❌ %s", failure->message);
    }

  remove_remnants (ledger->transactions, ".json.new");
  remove_remnants (ledger->workers, ".json.new");
  remove_remnants (ledger->workers, ".next.new");
  if (!first)
    {
      remove_remnants (ledger->workers, ".next");
      return true;
    }

  g_propagate_error (error, g_steal_pointer (&first));
  return false;
}

bool
recover_run (const Configuration *configuration, LogWriter *log, GError **error)
{
  g_autoptr (Ledger) ledger = ledger_open (configuration, log, error);

  return ledger && recover_all (ledger, log, error);
}
