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
#include "json.h"
#include "kept.h"
#include "worker-id.h"

#define FORMAT            1
#define MANIFEST_MAX_SIZE (512 * 1024 * 1024)

static const char *const states[] = { "staging", "placing", "committed" };
static const char *const kinds[] = { "place", "replace", "remove" };

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

static TransactionStep *
step_add (Transaction *transaction, StepKind kind, const char *path, char *temporary)
{
  TransactionStep *step = g_new0 (TransactionStep, 1);

  step->kind = kind;
  step->path = g_strdup (path);
  step->temporary = temporary;
  g_ptr_array_add (transaction->steps, step);
  return step;
}

TransactionStep *
transaction_add_step (Transaction *transaction, StepKind kind, const char *path)
{
  return step_add (transaction, kind, path,
                   g_strdup_printf (".rbee-hive-%s-%u~", transaction->job, transaction->steps->len));
}

/* The manifest's form */

static JsonObject *
step_to_json (const TransactionStep *step)
{
  JsonObject *object = json_object_new ();
  g_autofree char *inode = g_strdup_printf ("%" G_GUINT64_FORMAT, step->inode); /* JSON's numbers are too small */

  json_object_set_string_member (object, "kind", kinds[step->kind]);
  json_object_set_string_member (object, "path", step->path);
  json_object_set_string_member (object, "temporary", step->temporary);
  json_object_set_string_member (object, "inode", inode);
  return object;
}

static void
set_paths (JsonObject *object, const char *key, GPtrArray *paths)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < paths->len; i++)
    json_array_add_string_element (array, paths->pdata[i]);
  json_object_set_array_member (object, key, array);
}

static char *
transaction_to_text (const Transaction *transaction)
{
  g_autoptr (JsonObject) object = json_object_new ();
  JsonArray *steps = json_array_new ();

  json_object_set_int_member (object, "format", FORMAT);
  json_object_set_string_member (object, "state", states[transaction->state]);
  json_object_set_string_member (object, "job", transaction->job);
  json_object_set_string_member (object, "worker_id", transaction->worker_id);
  for (guint i = 0; i < transaction->steps->len; i++)
    json_array_add_object_element (steps, step_to_json (transaction->steps->pdata[i]));
  json_object_set_array_member (object, "steps", steps);
  set_paths (object, "made", transaction->made);
  set_paths (object, "obsolete", transaction->obsolete);
  if (transaction->keeps)
    json_object_set_string_member (object, "keeps", transaction->keeps);
  if (transaction->spends)
    json_object_set_string_member (object, "spends", transaction->spends);
  /* Until the copies are made, their sums are not known; undoing needs no record. */
  if (transaction->record && transaction->state != TRANSACTION_STAGING)
    json_object_set_object_member (object, "record", worker_record_to_json (transaction->record));
  json_object_set_boolean_member (object, "removal", !transaction->record);
  return json_to_text (object, false);
}

static char *
manifest_path (const Ledger *ledger, const char *job)
{
  return g_strdup_printf ("%s/%s.json", ledger->transactions, job);
}

bool
transaction_write (Transaction *transaction, const Ledger *ledger, TransactionState state, GError **error)
{
  TransactionState was = transaction->state;
  g_autofree char *path = manifest_path (ledger, transaction->job);
  g_autofree char *text = NULL;

  transaction->state = state;
  text = transaction_to_text (transaction);
  if (file_replace (path, text, -1, true, error))
    return true;

  /* It may be there all the same, only not known to be durable: put back what it was. */
  transaction->state = was;
  g_free (text);
  text = transaction_to_text (transaction);
  file_replace (path, text, -1, true, NULL);
  return false;
}

static int
name_index (const char *const *names, int count, const char *name)
{
  for (int i = 0; name && i < count; i++)
    if (g_str_equal (names[i], name))
      return i;
  return -1;
}

/* What a manifest names must be a path below or above a prefix, and a temporary name of ours. */
static bool
step_from_json (Transaction *transaction, JsonNode *node)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *path = object ? json_get_string (object, "path", NULL) : NULL;
  const char *temporary = object ? json_get_string (object, "temporary", NULL) : NULL;
  const char *inode = object ? json_get_string (object, "inode", NULL) : NULL;
  int kind = object ? name_index (kinds, G_N_ELEMENTS (kinds), json_get_string (object, "kind", NULL)) : -1;

  if (kind < 0 || !path || *path != '/' || !temporary || !g_str_has_prefix (temporary, ".rbee-hive-") ||
      strchr (temporary, '/') || !inode)
    return false;
  step_add (transaction, kind, path, g_strdup (temporary))->inode = g_ascii_strtoull (inode, NULL, 10);
  return true;
}

static bool
get_paths (JsonObject *object, const char *key, GPtrArray *paths)
{
  g_auto (GStrv) strings = json_get_strings (object, key);

  for (char **string = strings; string && *string; string++)
    if (**string != '/')
      return false;
    else
      g_ptr_array_add (paths, g_strdup (*string));
  return strings != NULL;
}

/* A job's id, or nothing. */
static bool
get_job (JsonObject *object, const char *key, char **ret_job)
{
  *ret_job = g_strdup (json_get_string (object, key, NULL));
  return !*ret_job || (**ret_job && strspn (*ret_job, "0123456789") == strlen (*ret_job));
}

static Transaction *
transaction_from_json (JsonObject *object, const char *path)
{
  g_autoptr (Transaction) transaction =
      transaction_new (json_get_string (object, "job", NULL), json_get_string (object, "worker_id", NULL));
  int state = name_index (states, G_N_ELEMENTS (states), json_get_string (object, "state", NULL));
  JsonNode *steps = json_object_get_member (object, "steps"), *record = json_object_get_member (object, "record");

  if (json_get_int (object, "format", 0) != FORMAT || state < 0 || !transaction->job || !transaction->worker_id ||
      !worker_id_is_valid (transaction->worker_id) || !steps || !JSON_NODE_HOLDS_ARRAY (steps))
    return NULL;
  transaction->state = state;
  if (!get_job (object, "keeps", &transaction->keeps) || !get_job (object, "spends", &transaction->spends))
    return NULL;

  for (guint i = 0; i < json_array_get_length (json_node_get_array (steps)); i++)
    if (!step_from_json (transaction, json_array_get_element (json_node_get_array (steps), i)))
      return NULL;
  if (!get_paths (object, "made", transaction->made) || !get_paths (object, "obsolete", transaction->obsolete))
    return NULL;

  if (record && JSON_NODE_HOLDS_OBJECT (record))
    transaction->record = worker_record_from_json (json_node_get_object (record), path, NULL);
  /* To finish without its record would be to remove the worker. */
  if (state == TRANSACTION_COMMITTED && !transaction->record && !json_get_bool (object, "removal", false))
    return NULL;
  return !transaction->record || g_str_equal (transaction->record->id, transaction->worker_id) ?
             g_steal_pointer (&transaction) :
             NULL;
}

Transaction *
transaction_read (const Ledger *ledger, const char *path, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (JsonObject) object = NULL;
  Transaction *transaction = NULL;
  size_t size;
  g_autofree char *text = file_read (path, MANIFEST_MAX_SIZE, &size, &failure);
  g_autofree char *name = g_path_get_basename (path);

  if (text)
    object = json_parse_object (text, size, path, HIVE_ERROR_FAILED, &failure);
  if (object)
    transaction = transaction_from_json (object, path);
  if (transaction)
    {
      g_autofree char *expected = g_strconcat (transaction->job, ".json", NULL);

      if (g_str_equal (name, expected))
        return transaction;
      transaction_free (transaction);
    }

  g_set_error (
      error, HIVE_ERROR, HIVE_ERROR_FAILED,
      "%s cannot be used (%s), so the change it describes can be neither finished nor undone. It was left as it "
      "is: look at the paths it names, then move it away",
      path, failure ? failure->message : N_ ("it is damaged"));
  return NULL;
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
