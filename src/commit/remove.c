/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remove.h"

#include <errno.h>

#include "error.h"
#include "install.h"
#include "manifest.h"
#include "match.h"
#include "recover.h"
#include "transaction.h"

/* What is to be said of files that are not removed, once the rest is. */
static void
remove_add_note (GPtrArray *notes, const Ledger *ledger, const char *path, Match match)
{
  g_autofree char *full = places_show (ledger->places, path);

  if (match == MATCH_MISSING)
    g_ptr_array_add (notes, g_strdup_printf ("⚠ Already gone: %s", full));
  else
    g_ptr_array_add (notes,
                     g_strdup_printf ("⚠ Left in place: %s (%s)", full,
                                      match == MATCH_CHANGED ? "changed since it was installed" : "it cannot be read"));
}

static bool
remove_plan_files (Transaction *transaction, const WorkerRecord *record, const Ledger *ledger, GPtrArray *notes,
                   GError **error)
{
  for (guint i = 0; i < record->files->len; i++)
    {
      const WorkerFile *file = record->files->pdata[i];
      uint64_t inode = 0;
      Match match;

      if (!places_is_below (ledger->places, file->path))
        return places_set_error (ledger->places, EXDEV, file->path, error);
      if (!ledger_check_path (ledger, file->path, error))
        return false;
      match = match_file (ledger->places, file, &inode);
      if (match == MATCH_SAME)
        transaction_add_step (transaction, STEP_REMOVE, file->path)->inode = inode;
      else
        remove_add_note (notes, ledger, file->path, match);
    }

  return true;
}

/* A directory that another worker shares stays until that one goes. */
static bool
remove_plan_directories (Transaction *transaction, const WorkerRecord *record, const Ledger *ledger, GError **error)
{
  g_autoptr (GPtrArray) others = ledger_read_others (ledger, record->id, error);

  for (char **path = others ? record->directories : NULL; path && *path; path++)
    {
      bool shared = false;

      for (guint i = 0; i < others->len && !shared; i++)
        shared = g_strv_contains ((const char *const *)((WorkerRecord *)others->pdata[i])->directories, *path);
      if (!shared)
        g_ptr_array_add (transaction->obsolete, g_strdup (*path));
    }

  return others != NULL;
}

static bool
remove_commit (Transaction *transaction, const Ledger *ledger, GError **error)
{
  if (manifest_write (transaction, ledger, TRANSACTION_PLACING, error) &&
      transaction_place (transaction, ledger, error) &&
      manifest_write (transaction, ledger, TRANSACTION_COMMITTED, error))
    return transaction_finish (transaction, ledger, false, error);

  transaction_undo (transaction, ledger, NULL); /* else the next start recovers it */
  return false;
}

bool
remove_run (const Configuration *configuration, LogWriter *log, JsonObject *request, GError **error)
{
  g_autoptr (Ledger) ledger = NULL;
  g_autoptr (WorkerRecord) record = NULL;
  g_autoptr (Transaction) transaction = NULL;
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  const char *job, *worker_id;

  if (!install_read_request (request, &job, &worker_id, error))
    return false;
  if (log)
    log_writer_note (log, "remove", "🗑️  Removing worker...");

  ledger = ledger_open (configuration, log, error);
  if (!ledger || !recover_for (ledger, worker_id, error))
    return false;
  record = worker_record_read (ledger->workers, worker_id, error);
  if (!record)
    return false;

  transaction = transaction_new (job, worker_id);
  if (!remove_plan_files (transaction, record, ledger, notes, error) ||
      !remove_plan_directories (transaction, record, ledger, error) || !remove_commit (transaction, ledger, error))
    return false;

  ledger_note (ledger, "remove", "✓ Removed: %u %s", transaction->steps->len,
               transaction->steps->len == 1 ? "file" : "files");
  for (guint i = 0; i < notes->len; i++)
    ledger_note (ledger, "remove", "%s", (char *)notes->pdata[i]);
  return true;
}
