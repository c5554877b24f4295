/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rollback.h"

#include <string.h>

#include "error.h"
#include "file.h"
#include "install.h"
#include "json.h"
#include "kept.h"
#include "recover.h"

/* The record of the kept version becomes that of this job; its files are recorded again as they are copied. */
static void
rollback_adopt (WorkerRecord *record, JsonObject *request, const char *job)
{
  g_free (record->job);
  record->job = g_strdup (job);
  record->installed_by = (unsigned)json_get_int (request, "installed_by", 0);
  record->installed_at = (uint64_t)g_get_real_time ();
  record->size = 0;
  g_ptr_array_set_size (record->files, 0);
}

bool
rollback_run (const Configuration *configuration, LogWriter *log, JsonObject *request, GError **error)
{
  g_autoptr (Ledger) ledger = NULL;
  g_autoptr (WorkerRecord) installed = NULL;
  g_autoptr (WorkerRecord) record = NULL;
  g_autoptr (Tree) tree = NULL;
  g_autoptr (Transaction) transaction = NULL;
  g_auto (Fd) version = -1;
  const char *job, *worker_id;

  if (!install_read_request (request, &job, &worker_id, error))
    return false;
  ledger = ledger_open (configuration, log, error);
  if (!ledger || !recover_for (ledger, worker_id, error))
    return false;
  installed = worker_record_read (ledger->workers, worker_id, error);
  version = installed ? kept_open (ledger, worker_id, &record, error) : -1;
  if (version < 0)
    return false;
  ledger_note (ledger, "install", "⏪ Going back from %s to %s...", installed->version, record->version);
  tree = tree_read (configuration, ledger->places, version, record->binary, error);
  if (!tree)
    return false;

  transaction = transaction_new (job, worker_id);
  transaction->spends = g_strdup (record->job);
  rollback_adopt (record, request, job);
  transaction->record = g_steal_pointer (&record);
  return install_tree (ledger, tree, transaction, error);
}
