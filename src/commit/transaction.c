/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transaction.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "kept.h"
#include "manifest.h"

static void
step_free (TransactionStep *step)
{
  g_free (step->path);
  g_free (step->temporary);
  g_free (step);
}

Transaction *
transaction_new (const char *job, const char *worker_id)
{
  Transaction *transaction = g_new0 (Transaction, 1);

  transaction->job = g_strdup (job);
  transaction->worker_id = g_strdup (worker_id);
  transaction->steps = g_ptr_array_new_with_free_func ((GDestroyNotify)step_free);
  transaction->made = g_ptr_array_new_with_free_func (g_free);
  transaction->obsolete = g_ptr_array_new_with_free_func (g_free);
  return transaction;
}

void
transaction_free (Transaction *transaction)
{
  if (!transaction)
    return;
  g_free (transaction->job);
  g_free (transaction->worker_id);
  g_ptr_array_unref (transaction->steps);
  g_ptr_array_unref (transaction->made);
  g_ptr_array_unref (transaction->obsolete);
  g_free (transaction->keeps);
  g_free (transaction->spends);
  worker_record_free (transaction->record);
  g_free (transaction);
}

TransactionStep *
transaction_add_step (Transaction *transaction, StepKind kind, const char *path)
{
  TransactionStep *step = g_new0 (TransactionStep, 1);

  step->kind = kind;
  step->path = g_strdup (path);
  step->temporary = g_strdup_printf (".rbee-hive-%s-%u~", transaction->job, transaction->steps->len);
  g_ptr_array_add (transaction->steps, step);
  return step;
}

/* Looking at files */

/* The inode number at @name, 0 when nothing is there. */
static int
name_inode (int parent, const char *name, uint64_t *ret_inode)
{
  struct stat st;

  *ret_inode = 0;
  if (fstatat (parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT ? 0 : -errno;
  *ret_inode = st.st_ino;
  return 0;
}

static int
name_unlink (int parent, const char *name)
{
  return unlinkat (parent, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* Where a step works, and what is there now. */
typedef struct
{
  int parent;
  const char *name;
  uint64_t at_path, at_temporary; /* inode numbers, 0: nothing */
} Spot;

static int
step_look (const TransactionStep *step, const Ledger *ledger, Spot *ret_spot)
{
  int r;

  ret_spot->parent = places_open_parent (ledger->places, step->path, &ret_spot->name);
  if (ret_spot->parent < 0)
    return ret_spot->parent;
  r = name_inode (ret_spot->parent, ret_spot->name, &ret_spot->at_path);
  return r < 0 ? r : name_inode (ret_spot->parent, step->temporary, &ret_spot->at_temporary);
}

/* Placing */

static int
step_place (const TransactionStep *step, int parent, const char *name)
{
  if (step->kind != STEP_REPLACE)
    return step->kind == STEP_PLACE ? file_rename_new (parent, step->temporary, parent, name) :
                                      file_rename_new (parent, name, parent, step->temporary);

  /* Both files exist all the time, so this is as easily undone. Where the file system cannot, the new file stays under
   * its temporary name and is renamed over the old one after the point of no return. */
  if (renameat2 (parent, step->temporary, parent, name, RENAME_EXCHANGE) < 0 && !file_lacks_rename_flags (errno))
    return -errno;
  return 0;
}

bool
transaction_place (const Transaction *transaction, const Ledger *ledger, GError **error)
{
  for (guint i = 0; i < transaction->steps->len; i++)
    {
      const TransactionStep *step = transaction->steps->pdata[i];
      const char *name;
      int parent = places_open_parent (ledger->places, step->path, &name);
      int r = parent < 0 ? parent : step_place (step, parent, name);

      if (r == -EEXIST)
        {
          g_autofree char *full = places_show (ledger->places, step->path);

          g_set_error (error, HIVE_ERROR, HIVE_ERROR_FILE_CONFLICT,
                       N_ ("%s exists and belongs to no worker (it appeared just now); move it away"), full);
          return false;
        }
      if (r < 0)
        return places_set_error (ledger->places, -r, step->path, error);
    }

  return true;
}

/* Undoing */

static int
step_undo (const TransactionStep *step, TransactionState state, const Ledger *ledger)
{
  Spot spot;
  int r = step_look (step, ledger, &spot);

  if (r == -ENOENT) /* its directory was never made, or is gone again */
    return 0;
  if (r < 0)
    return r;

  if (state == TRANSACTION_STAGING)
    return step->kind == STEP_REMOVE ? 0 : name_unlink (spot.parent, step->temporary);

  if (step->kind == STEP_REMOVE)
    {
      if (!spot.at_temporary || spot.at_path == spot.at_temporary)
        return spot.at_temporary ? name_unlink (spot.parent, step->temporary) : 0;
      return file_rename_new (spot.parent, step->temporary, spot.parent, spot.name);
    }

  /* The old file is under the temporary name: back over the new one. */
  if (step->kind == STEP_REPLACE && spot.at_temporary && spot.at_temporary != step->inode)
    return renameat (spot.parent, step->temporary, spot.parent, spot.name) < 0 ? -errno : 0;

  if (step->kind == STEP_PLACE && spot.at_path == step->inode)
    r = name_unlink (spot.parent, spot.name);
  return r < 0 ? r : name_unlink (spot.parent, step->temporary);
}

/* Innermost first, each only when empty. What cannot be removed now holds files of somebody else. */
static void
remove_directories (const Ledger *ledger, GPtrArray *paths)
{
  for (guint i = paths->len; i-- > 0;)
    {
      const char *name;
      int parent = places_open_parent (ledger->places, paths->pdata[i], &name);

      if (parent >= 0)
        unlinkat (parent, name, AT_REMOVEDIR);
    }
}

static bool
remove_manifest (const Transaction *transaction, const Ledger *ledger, GError **error)
{
  g_autofree char *path = manifest_path (ledger, transaction->job);

  return unlink (path) == 0 || errno == ENOENT || hive_error_set_errno (error, errno, "Cannot remove %s", path);
}

bool
transaction_undo (const Transaction *transaction, const Ledger *ledger, GError **error)
{
  places_forget (ledger->places);
  for (guint i = transaction->steps->len; i-- > 0;)
    {
      const TransactionStep *step = transaction->steps->pdata[i];
      int r = step_undo (step, transaction->state, ledger);

      if (r < 0)
        return places_set_error (ledger->places, -r, step->path, error);
    }

  remove_directories (ledger, transaction->made);
  places_forget (ledger->places);
  ledger_unstage_record (ledger, transaction->worker_id);
  if (transaction->keeps)
    kept_unstage (ledger, transaction->worker_id, transaction->keeps);
  return transaction_sync (transaction, ledger, false, error) && remove_manifest (transaction, ledger, error);
}

/* Finishing */

static int
step_finish (const TransactionStep *step, const Ledger *ledger)
{
  Spot spot;
  int r = step_look (step, ledger, &spot);

  if (r == -ENOENT && step->kind == STEP_REMOVE)
    return 0;
  if (r < 0)
    return r;

  if (step->kind == STEP_REMOVE)
    {
      /* A power cut may have taken back the rename. */
      if (!spot.at_temporary && spot.at_path == step->inode)
        return name_unlink (spot.parent, spot.name);
      return spot.at_temporary ? name_unlink (spot.parent, step->temporary) : 0;
    }

  if (!spot.at_temporary)
    return 0;
  if (spot.at_temporary == step->inode && spot.at_path != step->inode)
    return renameat (spot.parent, step->temporary, spot.parent, spot.name) < 0 ? -errno : 0;
  return name_unlink (spot.parent, step->temporary);
}

bool
transaction_finish (const Transaction *transaction, const Ledger *ledger, bool staged, GError **error)
{
  for (guint i = 0; i < transaction->steps->len; i++)
    {
      const TransactionStep *step = transaction->steps->pdata[i];
      int r = step_finish (step, ledger);

      if (r < 0)
        return places_set_error (ledger->places, -r, step->path, error);
    }

  if (transaction->record ? !ledger_put_record (ledger, transaction->record, staged, error) :
                            !ledger_drop_record (ledger, transaction->worker_id, error))
    return false;

  if (transaction->record)
    kept_settle (ledger, transaction->worker_id, transaction->keeps, transaction->spends);
  else
    kept_drop (ledger, transaction->worker_id);
  remove_directories (ledger, transaction->obsolete);
  places_forget (ledger->places);
  return transaction_sync (transaction, ledger, false, error) && remove_manifest (transaction, ledger, error);
}

/* Syncing */

/* Syncs the directory that holds @path, unless it was done. One that is gone needs none. */
static int
sync_parent (const Ledger *ledger, const char *path, bool many, GHashTable *done)
{
  g_autofree char *directory = g_path_get_dirname (path);
  const char *name;
  struct stat st;
  int fd, r;

  if (g_hash_table_contains (done, directory))
    return 0;
  fd = places_open_parent (ledger->places, path, &name);
  if (fd < 0)
    return fd == -ENOENT ? 0 : fd;
  g_hash_table_add (done, g_steal_pointer (&directory));

  if (!many)
    return file_sync_folder (fd);
  if (fstat (fd, &st) < 0)
    return -errno;

  directory = g_strdup_printf ("%" G_GUINT64_FORMAT, (uint64_t)st.st_dev); /* paths begin with a slash */
  r = g_hash_table_contains (done, directory) ? 0 : syncfs (fd);
  g_hash_table_add (done, g_steal_pointer (&directory));
  return r < 0 ? -errno : 0;
}

static bool
sync_parents (const Ledger *ledger, GPtrArray *paths, bool many, GHashTable *done, GError **error)
{
  for (guint i = 0; i < paths->len; i++)
    {
      int r = sync_parent (ledger, paths->pdata[i], many, done);

      if (r < 0)
        return places_set_error (ledger->places, -r, paths->pdata[i], error);
    }

  return true;
}

bool
transaction_sync (const Transaction *transaction, const Ledger *ledger, bool many, GError **error)
{
  g_autoptr (GHashTable) done = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < transaction->steps->len; i++)
    {
      const TransactionStep *step = transaction->steps->pdata[i];
      int r = sync_parent (ledger, step->path, many, done);

      if (r < 0)
        return places_set_error (ledger->places, -r, step->path, error);
    }

  return sync_parents (ledger, transaction->made, many, done, error) &&
         sync_parents (ledger, transaction->obsolete, many, done, error);
}
