/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "built.h"
#include "copy.h"
#include "error.h"
#include "file.h"
#include "followed.h"
#include "install-plan.h"
#include "json.h"
#include "kept.h"
#include "manifest.h"
#include "recover.h"
#include "work.h"
#include "worker-id.h"

/* From here on, syncing whole file systems once is faster than syncing file by file (half a millisecond each), though
 * it may have to write what others left unwritten. */
#define MANY_FILES 1000

bool
install_read_request (JsonObject *request, const char **ret_job, const char **ret_worker_id, GError **error)
{
  const char *job = json_get_string (request, "job", "");

  *ret_worker_id = json_get_string (request, "worker_id", "");
  if (!*job || strlen (job) > 20 || strspn (job, "0123456789") != strlen (job))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "\"%s\" is not a job id", job);
      return false;
    }

  *ret_job = job;
  return worker_id_check (*ret_worker_id, error);
}

static int
make_directory (int parent, const char *name, unsigned mode, bool sync)
{
  g_auto (Fd) fd = -1;

  if (mkdirat (parent, name, 0700) < 0)
    return -errno;
  fd = file_open_beneath (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  if (fd < 0)
    return fd;
  /* A folder with the set-group-ID bit gives its group, and the bit, to what is made in it. */
  return (geteuid () == 0 && fchown (fd, 0, 0) < 0) || fchmod (fd, mode) < 0 || (sync && fsync (fd) < 0) ? -errno : 0;
}

static bool
install_make_directories (const InstallPlan *plan, bool sync, GError **error)
{
  for (guint i = 0; i < plan->transaction->made->len; i++)
    {
      const char *path = plan->transaction->made->pdata[i], *name;
      int parent = places_open_parent (plan->ledger->places, path, &name);
      int r = parent < 0 ? parent : make_directory (parent, name, tree_find (plan->tree, path)->mode, sync);

      if (r < 0)
        return places_set_error (plan->ledger->places, -r, path, error);
    }

  return true;
}

/* The steps that bring files come first and in the order of the tree, as the record's files do. */
static bool
install_copy (const InstallPlan *plan, bool sync, GError **error)
{
  WorkerRecord *record = plan->transaction->record;

  for (guint i = 0; i < plan->tree->entries->len; i++)
    {
      const TreeEntry *entry = plan->tree->entries->pdata[i];
      g_autoptr (WorkerFile) file = NULL;
      TransactionStep *step;

      if (S_ISDIR (entry->st.st_mode))
        continue;
      step = plan->transaction->steps->pdata[record->files->len];
      file = worker_file_new ();
      file->path = g_strdup (entry->path);
      if (!copy_entry (plan->tree, entry, plan->ledger->places, step->temporary, sync, file, &step->inode, error))
        return false;
      record->size += file->size;
      g_ptr_array_add (record->files, g_steal_pointer (&file));
    }

  return true;
}

/* What is replaced by another version is kept, where that is possible. */
static void
install_keep (const InstallPlan *plan)
{
  Transaction *transaction = plan->transaction;
  g_autoptr (GError) failure = NULL;

  if (!transaction->keeps || kept_stage (plan->ledger, plan->old, &failure))
    return;
  g_clear_pointer (&transaction->keeps, g_free);
  ledger_note (plan->ledger, "install", "⚠ Version %s is not kept to go back to: %s", plan->old->version,
               failure->message);
}

/* Everything up to the point of no return. */
static bool
install_prepare (const InstallPlan *plan, GError **error)
{
  Transaction *transaction = plan->transaction;
  bool many = transaction->steps->len > MANY_FILES;

  return manifest_write (transaction, plan->ledger, TRANSACTION_STAGING, error) &&
         install_make_directories (plan, !many, error) && install_copy (plan, !many, error) &&
         (install_keep (plan), true) && transaction_sync (transaction, plan->ledger, many, error) &&
         ledger_stage_record (plan->ledger, transaction->record, error) &&
         manifest_write (transaction, plan->ledger, TRANSACTION_PLACING, error) &&
         transaction_place (transaction, plan->ledger, error) &&
         manifest_write (transaction, plan->ledger, TRANSACTION_COMMITTED, error);
}

static bool
install_commit (const InstallPlan *plan, GError **error)
{
  if (install_prepare (plan, error))
    return transaction_finish (plan->transaction, plan->ledger, true, error);

  transaction_undo (plan->transaction, plan->ledger, NULL); /* else the next start recovers it */
  return false;
}

/* The record as it will stand in workers/, still without files. */
static WorkerRecord *
install_read_record (JsonObject *request, const char *job, const char *worker_id, GError **error)
{
  JsonNode *node = json_object_get_member (request, "record");
  g_autoptr (WorkerRecord) record = NULL;

  if (!node || !JSON_NODE_HOLDS_OBJECT (node))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "The request has no record");
      return NULL;
    }
  record = worker_record_from_json (json_node_get_object (node), "The request's record", error);
  if (!record)
    return NULL;

  g_ptr_array_set_size (record->files, 0);
  g_clear_pointer (&record->build, json_object_unref);
  g_strfreev (record->directories);
  record->directories = g_new0 (char *, 1);
  g_free (record->id);
  record->id = g_strdup (worker_id);
  g_free (record->job);
  record->job = g_strdup (job);
  record->size = 0;
  record->installed_at = g_get_real_time ();
  return g_steal_pointer (&record);
}

static void
install_report (const InstallPlan *plan)
{
  g_autofree char *binary = places_show (plan->ledger->places, plan->transaction->record->binary);

  ledger_note (plan->ledger, "install", "✓ Binary installed: %s", binary);
  for (guint i = 0; i < plan->left->len; i++)
    {
      g_autofree char *path = places_show (plan->ledger->places, plan->left->pdata[i]);

      ledger_note (plan->ledger, "install", "⚠ Left in place: %s (changed since it was installed)", path);
    }
}

/* The binary, too, may come to lie elsewhere. */
static bool
install_follow (const Ledger *ledger, Tree *tree, WorkerRecord *record, GError **error)
{
  if (!followed_apply (ledger, tree, error))
    return false;
  for (guint i = 0; i < tree->entries->len; i++)
    {
      const TreeEntry *entry = tree->entries->pdata[i];

      if (!entry->source || !g_str_equal (entry->source, record->binary))
        continue;
      g_free (record->binary);
      record->binary = g_strdup (entry->path);
      break;
    }
  return true;
}

bool
install_tree (const Ledger *ledger, Tree *tree, Transaction *transaction, GError **error)
{
  g_auto (InstallPlan) plan = { .ledger = ledger, .tree = tree, .transaction = transaction };

  plan.left = g_ptr_array_new_with_free_func (g_free);
  if (!file_make_directories (ledger->configuration->install_root, error) ||
      !install_follow (ledger, tree, transaction->record, error) ||
      !install_plan_make (&plan, transaction->worker_id, error) || !install_commit (&plan, error))
    return false;

  install_report (&plan);
  return true;
}

bool
install_run (const Configuration *configuration, LogWriter *log, JsonObject *request, GError **error)
{
  g_autoptr (Ledger) ledger = NULL;
  g_autoptr (Tree) tree = NULL;
  g_autoptr (WorkerRecord) record = NULL;
  g_autoptr (Transaction) transaction = NULL;
  g_auto (Fd) work = -1;
  const char *job, *worker_id;

  if (!install_read_request (request, &job, &worker_id, error) ||
      !(record = install_read_record (request, job, worker_id, error)))
    return false;
  if (log)
    log_writer_note (log, "install", "💾 Installing binary...");

  ledger = ledger_open (configuration, log, error);
  if (!ledger || !recover_for (ledger, worker_id, error))
    return false;
  work = work_take (configuration, json_get_string (request, "work", NULL), error);
  if (work < 0)
    return false;
  tree = tree_read (configuration, ledger->places, work, record->binary, error);
  if (!tree || !built_read (work, record, error))
    return false;

  transaction = transaction_new (job, worker_id);
  transaction->record = g_steal_pointer (&record);
  return install_tree (ledger, tree, transaction, error);
}
