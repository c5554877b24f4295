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
#include "json.h"
#include "kept.h"
#include "link-check.h"
#include "manifest.h"
#include "match.h"
#include "packaged.h"
#include "place-check.h"
#include "recover.h"
#include "work.h"
#include "worker-id.h"
#include "writers.h"

/* From here on, syncing whole file systems once is faster than syncing file by file (half a millisecond each), though
 * it may have to write what others left unwritten. */
#define MANY_FILES 1000

/* What is known of an install while it is planned. */
typedef struct
{
  const Ledger *ledger;
  const Tree *tree;
  WorkerRecord *old;   /* NULL: not installed yet */
  GPtrArray *others;   /* records of the other workers; the tables below point into them */
  GHashTable *owners;  /* path of a file → id of the other worker that it belongs to */
  GHashTable *folders; /* path of a directory that another worker has files in → its id */
  GHashTable *shared;  /* paths of directories that another worker's install made */
  Transaction *transaction;
  GPtrArray *left;      /* paths of changed files that stay */
  GHashTable *packaged; /* files that a package of the distribution now has (packaged.h); NULL with a first install */
} Plan;

static void
plan_clear (Plan *plan)
{
  worker_record_free (plan->old);
  g_clear_pointer (&plan->owners, g_hash_table_unref);
  g_clear_pointer (&plan->folders, g_hash_table_unref);
  g_clear_pointer (&plan->shared, g_hash_table_unref);
  g_clear_pointer (&plan->others, g_ptr_array_unref);
  g_clear_pointer (&plan->left, g_ptr_array_unref);
  g_clear_pointer (&plan->packaged, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Plan, plan_clear)

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

/* Planning: what belongs to others */

static void
plan_add_folders (Plan *plan, const WorkerRecord *record, const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);

  while (!g_str_equal (directory, "/") && !g_hash_table_contains (plan->folders, directory))
    {
      char *outer = g_path_get_dirname (directory);

      g_hash_table_insert (plan->folders, directory, record->id);
      directory = outer;
    }
}

static bool
plan_read_others (Plan *plan, const char *id, GError **error)
{
  plan->owners = g_hash_table_new (g_str_hash, g_str_equal);
  plan->folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  plan->shared = g_hash_table_new (g_str_hash, g_str_equal);
  plan->others = ledger_read_others (plan->ledger, id, error);
  if (!plan->others)
    return false;

  for (guint i = 0; i < plan->others->len; i++)
    {
      const WorkerRecord *record = plan->others->pdata[i];

      for (guint j = 0; j < record->files->len; j++)
        {
          const WorkerFile *file = record->files->pdata[j];

          g_hash_table_insert (plan->owners, file->path, record->id);
          plan_add_folders (plan, record, file->path);
        }
      for (char **path = record->directories; *path; path++)
        g_hash_table_add (plan->shared, *path);
    }

  return true;
}

/* Planning: conflicts */

static bool
plan_conflict_owner (const Plan *plan, const char *path, const char *owner, GError **error)
{
  g_autofree char *full = places_show (plan->ledger->places, path);

  return tree_conflict (error, "%s belongs to worker %s: remove that worker first, or change one of the recipes", full,
                        owner);
}

/* @package (taken): which one has the file; NULL: none. */
static bool
plan_conflict_foreign (const Plan *plan, const char *path, char *package, GError **error)
{
  g_autofree char *owner = package;
  g_autofree char *full = places_show (plan->ledger->places, path);

  if (owner)
    return tree_conflict (error, "%s belongs to %s: remove that package first, or change the recipe", full, owner);
  return tree_conflict (error, "%s exists and belongs to no worker; move it away", full);
}

/* True for a prefix and what is below one. */
static bool
plan_is_in_prefix (const Plan *plan, const char *path)
{
  return places_is_below (plan->ledger->places, path) ||
         g_strv_contains ((const char *const *)plan->ledger->configuration->install_prefixes, path);
}

/* @st: of what is there in the place of a folder. */
static bool
plan_conflict_folder (const Plan *plan, const char *path, const struct stat *st, GError **error)
{
  g_autofree char *full = places_show (plan->ledger->places, path);

  if (plan->old && worker_record_find (plan->old, path))
    return tree_conflict (
        error,
        "%s is a file of the installed version, and a folder in the new one: remove the worker first, "
        "then install it again",
        full);
  if (S_ISLNK (st->st_mode))
    return tree_conflict (
        error,
        "%s is a symbolic link where the package needs a folder: package() must install to the folder "
        "that it leads to",
        full);
  return tree_conflict (error, "%s exists and is not a folder, but the package needs one there; move it away", full);
}

static bool
plan_directory (Plan *plan, const TreeEntry *entry, GError **error)
{
  const char *owner = g_hash_table_lookup (plan->owners, entry->path);
  struct stat st;
  int r;

  if (owner)
    return plan_conflict_owner (plan, entry->path, owner, error);

  r = places_stat (plan->ledger->places, entry->path, &st);
  if (r == -ENOENT)
    {
      g_ptr_array_add (plan->transaction->made, g_strdup (entry->path));
      return true;
    }
  if (r < 0)
    return places_set_error (plan->ledger->places, -r, entry->path, error);
  if (S_ISDIR (st.st_mode))
    return !plan_is_in_prefix (plan, entry->path) || writers_check (plan->ledger->places, entry->path, error);
  return plan_conflict_folder (plan, entry->path, &st, error);
}

static bool
plan_file (Plan *plan, const TreeEntry *entry, GError **error)
{
  const char *owner = g_hash_table_lookup (plan->owners, entry->path);
  const char *folder = g_hash_table_lookup (plan->folders, entry->path);
  bool own = plan->old && worker_record_find (plan->old, entry->path);
  struct stat st;
  int r;

  if (!ledger_check_path (plan->ledger, entry->path, error))
    return false;
  if (owner || folder)
    return plan_conflict_owner (plan, entry->path, owner ? owner : folder, error);

  r = places_stat (plan->ledger->places, entry->path, &st);
  if (r < 0 && r != -ENOENT)
    return places_set_error (plan->ledger->places, -r, entry->path, error);
  if (r == 0 && S_ISDIR (st.st_mode))
    {
      g_autofree char *full = places_show (plan->ledger->places, entry->path);

      return tree_conflict (error, "%s is a folder where the package has a file; move it away", full);
    }
  if (r == 0 && !own)
    return plan_conflict_foreign (plan, entry->path, packaged_by (plan->ledger->configuration, entry->path), error);
  if (plan->packaged && g_hash_table_contains (plan->packaged, entry->path))
    return plan_conflict_foreign (plan, entry->path, g_strdup (g_hash_table_lookup (plan->packaged, entry->path)),
                                  error);

  transaction_add_step (plan->transaction, r == 0 ? STEP_REPLACE : STEP_PLACE, entry->path);
  return true;
}

/* Files and directories of the installed version that the new one has no more. */
static void
plan_leftovers (Plan *plan)
{
  for (guint i = 0; plan->old && i < plan->old->files->len; i++)
    {
      const WorkerFile *file = plan->old->files->pdata[i];
      uint64_t inode;
      Match match;

      if (tree_find (plan->tree, file->path))
        continue;
      match = match_file (plan->ledger->places, file, &inode);
      if (match == MATCH_SAME)
        transaction_add_step (plan->transaction, STEP_REMOVE, file->path)->inode = inode;
      else if (match != MATCH_MISSING)
        g_ptr_array_add (plan->left, g_strdup (file->path));
    }

  for (char **path = plan->old ? plan->old->directories : NULL; path && *path; path++)
    if (!tree_find (plan->tree, *path) && !g_hash_table_contains (plan->shared, *path))
      g_ptr_array_add (plan->transaction->obsolete, g_strdup (*path));
}

/* Directories that this worker's installs made, or that it now shares with the worker whose install did. */
static char **
plan_directories (const Plan *plan)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GHashTable) ours = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < plan->transaction->made->len; i++)
    g_hash_table_add (ours, plan->transaction->made->pdata[i]);
  for (char **path = plan->old ? plan->old->directories : NULL; path && *path; path++)
    g_hash_table_add (ours, *path);

  for (guint i = 0; i < plan->tree->entries->len; i++)
    {
      const TreeEntry *entry = plan->tree->entries->pdata[i];

      if (S_ISDIR (entry->st.st_mode) &&
          (g_hash_table_contains (ours, entry->path) || g_hash_table_contains (plan->shared, entry->path)))
        g_strv_builder_add (builder, entry->path);
    }

  return g_strv_builder_end (builder);
}

static bool
plan_check_links (const Plan *plan, GError **error)
{
  for (guint i = 0; i < plan->tree->entries->len; i++)
    {
      const TreeEntry *entry = plan->tree->entries->pdata[i];

      if (entry->target && !link_check (plan->ledger, entry, error))
        return false;
    }
  return true;
}

static bool
plan_make (Plan *plan, const char *id, GError **error)
{
  if (!ledger_read_installed (plan->ledger, id, &plan->old, error) || !plan_read_others (plan, id, error) ||
      !plan_check_links (plan, error) ||
      !place_check_tree (plan->ledger, plan->tree, plan->transaction->record, plan->old, plan->folders, error))
    return false;
  if (plan->old)
    plan->packaged = packaged_of_tree (plan->ledger->configuration, plan->tree);

  for (guint i = 0; i < plan->tree->entries->len; i++)
    {
      const TreeEntry *entry = plan->tree->entries->pdata[i];

      if (!(S_ISDIR (entry->st.st_mode) ? plan_directory (plan, entry, error) : plan_file (plan, entry, error)))
        return false;
    }

  plan_leftovers (plan);
  if (plan->old && !plan->transaction->spends && plan->ledger->configuration->keep_versions > 0 &&
      !g_str_equal (plan->old->version, plan->transaction->record->version))
    plan->transaction->keeps = g_strdup (plan->old->job);
  g_strfreev (plan->transaction->record->directories);
  plan->transaction->record->directories = plan_directories (plan);
  return true;
}

/* Doing it */

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
install_make_directories (const Plan *plan, bool sync, GError **error)
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
install_copy (const Plan *plan, bool sync, GError **error)
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
install_keep (const Plan *plan)
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
install_prepare (const Plan *plan, GError **error)
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
install_commit (const Plan *plan, GError **error)
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
install_report (const Plan *plan)
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
  g_auto (Plan) plan = { .ledger = ledger, .tree = tree, .transaction = transaction };

  plan.left = g_ptr_array_new_with_free_func (g_free);
  if (!file_make_directories (ledger->configuration->install_root, error) ||
      !install_follow (ledger, tree, transaction->record, error) || !plan_make (&plan, transaction->worker_id, error) ||
      !install_commit (&plan, error))
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
