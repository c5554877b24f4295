/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manifest.h"

#include <glib/gi18n.h>
#include <string.h>

#include "error.h"
#include "file.h"
#include "json.h"
#include "worker-id.h"

#define FORMAT            1
#define MANIFEST_MAX_SIZE (512 * 1024 * 1024)

static const char *const states[] = { "staging", "placing", "committed" };
static const char *const kinds[] = { "place", "replace", "remove" };

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
manifest_to_text (const Transaction *transaction)
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

char *
manifest_path (const Ledger *ledger, const char *job)
{
  return g_strdup_printf ("%s/%s.json", ledger->transactions, job);
}

bool
manifest_write (Transaction *transaction, const Ledger *ledger, TransactionState state, GError **error)
{
  TransactionState was = transaction->state;
  g_autofree char *path = manifest_path (ledger, transaction->job);
  g_autofree char *text = NULL;

  transaction->state = state;
  text = manifest_to_text (transaction);
  if (file_replace (path, text, -1, true, error))
    return true;

  /* It may be there all the same, only not known to be durable: put back what it was. */
  transaction->state = was;
  g_free (text);
  text = manifest_to_text (transaction);
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
  TransactionStep *step;

  if (kind < 0 || !path || *path != '/' || !temporary || !g_str_has_prefix (temporary, ".rbee-hive-") ||
      strchr (temporary, '/') || !inode)
    return false;
  step = transaction_add_step (transaction, kind, path);
  g_free (step->temporary);
  step->temporary = g_strdup (temporary);
  step->inode = g_ascii_strtoull (inode, NULL, 10);
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
manifest_to_transaction (JsonObject *object, const char *path)
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
manifest_read (const Ledger *ledger, const char *path, GError **error)
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
    transaction = manifest_to_transaction (object, path);
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
