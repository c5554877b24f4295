/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "json.h"
#include "manifest.h"
#include "place-check.h"
#include "transaction.h"
#include "unfinished.h"

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

/* Undoes or finishes what @transaction, which is in the manifest @path, describes. */
static bool
recover_transaction (const Ledger *ledger, const Transaction *transaction, const char *path, GError **error)
{
  /* A commit that was killed has perhaps not synced this state. What is done now could reach the disk before it, and
   * after a power cut the state before would be taken for what to do. */
  if (!file_sync_directory (path))
    return hive_error_set_errno (error, errno, "Cannot sync the folder of %s", path);
  if (transaction->state != TRANSACTION_COMMITTED)
    return transaction_undo (transaction, ledger, error);
  return (!transaction->record || place_check_record (ledger, transaction->record, error)) &&
         transaction_finish (transaction, ledger, false, error);
}

/* Nobody else waits for a transaction that cannot be completed: only its worker and its paths stay as they are. */
static void
recover_set_aside (const Ledger *ledger, const Transaction *transaction, const char *job, const char *message)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();

  for (guint i = 0; transaction && i < transaction->steps->len; i++)
    g_ptr_array_add (paths, ((TransactionStep *)transaction->steps->pdata[i])->path);
  ledger_block (ledger, transaction ? transaction->worker_id : NULL, paths, message);
  unfinished_note (ledger->transactions, job, transaction ? transaction->worker_id : "", message);
}

static bool
recover_one (const Ledger *ledger, LogWriter *log, const char *path, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (Transaction) transaction = manifest_read (ledger, path, &failure);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *job = g_strndup (name, strlen (name) - strlen (".json"));

  if (transaction && recover_transaction (ledger, transaction, path, &failure))
    {
      unfinished_forget (ledger->transactions, job);
      report (log, transaction);
      return true;
    }
  if (transaction)
    {
      g_autofree char *message = g_strdup_printf (
          "The change that job %s began with worker %s cannot be %s: %s. It is tried again with the next "
          "install or removal, or when the hive starts (%s)",
          transaction->job, transaction->worker_id, transaction->state == TRANSACTION_COMMITTED ? "finished" : "undone",
          failure->message, path);

      g_free (failure->message);
      failure->message = g_steal_pointer (&message);
    }
  recover_set_aside (ledger, transaction, job, failure->message);
  g_propagate_error (error, g_steal_pointer (&failure));
  return false;
}

/* Of manifests that are gone, by the hand of an administrator for one. */
static void
forget_settled (const Ledger *ledger)
{
  g_autoptr (GDir) dir = g_dir_open (ledger->transactions, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_suffix (name, ".aside"))
      {
        g_autofree char *job = g_strndup (name, strlen (name) - strlen (".aside"));
        g_autofree char *manifest = g_strdup_printf ("%s/%s.json", ledger->transactions, job);

        if (access (manifest, F_OK) < 0)
          unfinished_forget (ledger->transactions, job);
      }
}

/* Staged records, but of those that are still needed. */
static void
remove_staged (const Ledger *ledger)
{
  g_autoptr (GDir) dir = g_dir_open (ledger->workers, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *id = g_str_has_suffix (name, ".next") ? g_strndup (name, strlen (name) - 5) : NULL;

      if (id && ledger_check_worker (ledger, id, NULL))
        ledger_unstage_record (ledger, id);
    }
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
  remove_remnants (ledger->transactions, ".aside.new");
  remove_remnants (ledger->workers, ".json.new");
  remove_remnants (ledger->workers, ".next.new");
  remove_staged (ledger);
  forget_settled (ledger);
  if (!first)
    return true;

  g_propagate_error (error, g_steal_pointer (&first));
  return false;
}

bool
recover_for (const Ledger *ledger, const char *worker_id, GError **error)
{
  recover_all (ledger, NULL, NULL);
  return ledger_check_worker (ledger, worker_id, error);
}

bool
recover_run (const Configuration *configuration, LogWriter *log, GError **error)
{
  g_autoptr (Ledger) ledger = ledger_open (configuration, log, error);

  return ledger && recover_all (ledger, log, error);
}
