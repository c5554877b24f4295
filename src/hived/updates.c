/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "updates.h"

#include "authority.h"
#include "bus-dict.h"
#include "cpu-level.h"
#include "error.h"
#include "job.h"
#include "json.h"
#include "queries.h"
#include "registry.h"
#include "version.h"
#include "worker-id.h"
#include "worker.h"

#define UPDATES_KEEP (5 * G_USEC_PER_SEC)

struct Updates
{
  GHashTable *versions; /* worker id → the newer version that was found last */
};

/* A CheckUpdates that waits for its answer. */
typedef struct
{
  Hive *hive;
  sd_bus_message *message;
} UpdateCheck;

static void
update_check_free (UpdateCheck *check)
{
  sd_bus_message_unref (check->message);
  g_free (check);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UpdateCheck, update_check_free)

Updates *
updates_new (void)
{
  Updates *updates = g_new (Updates, 1);

  updates->versions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return updates;
}

void
updates_free (Updates *updates)
{
  if (!updates)
    return;
  g_hash_table_unref (updates->versions);
  g_free (updates);
}

const char *
updates_version (const Updates *updates, const char *worker_id, const char *installed)
{
  const char *version = g_hash_table_lookup (updates->versions, worker_id);

  return version && version_compare (version, installed) > 0 ? version : "";
}

/* Notes what was found, "" for nothing, and tells everybody of what was not known yet. */
static void
updates_note (Hive *hive, const char *worker_id, const char *version)
{
  GHashTable *versions = hive->updates->versions;
  const char *before = g_hash_table_lookup (versions, worker_id);

  if (g_str_equal (before ? before : "", version))
    return;
  if (*version)
    g_hash_table_replace (versions, g_strdup (worker_id), g_strdup (version));
  else
    g_hash_table_remove (versions, worker_id);
  worker_announce_update (hive, worker_id);
  if (*version)
    sd_bus_emit_signal (hive->bus, HIVE_PATH, HIVE_INTERFACE, "UpdateAvailable", "ss", worker_id, version);
}

/* One worker of the answer, unless it is up to date: `id version available error` s. What a builder says is checked
 * against what is installed. */
static int
updates_append (Hive *hive, sd_bus_message *reply, JsonObject *object)
{
  const char *id = json_get_string (object, "id", "");
  const char *available = json_get_string (object, "version", "");
  const char *why = json_get_string (object, "message", "");
  g_autofree char *installed = registry_version (hive->registry, id);
  bool newer = !*why && version_compare (available, installed) > 0;
  int r;

  if (!*installed)
    return 0;
  if (!*why)
    updates_note (hive, id, newer ? available : "");
  if (!*why && !newer)
    return 0;
  if ((r = sd_bus_message_open_container (reply, 'a', "{sv}")) < 0 ||
      (r = bus_dict_append_string (reply, "id", id)) < 0 ||
      (r = bus_dict_append_string (reply, "version", installed)) < 0 ||
      (r = bus_dict_append_string (reply, "available", *why ? "" : available)) < 0 ||
      (r = bus_dict_append_string (reply, "error", why)) < 0)
    return r;
  return sd_bus_message_close_container (reply);
}

/* An answer leaves out whose recipe is the installed one: what was found for it before is none any more. */
static void
updates_forget_others (Hive *hive, GPtrArray *workers)
{
  g_autoptr (GHashTable) named = g_hash_table_new (g_str_hash, g_str_equal);
  g_auto (GStrv) ids = registry_ids (hive->registry);

  for (guint i = 0; i < workers->len; i++)
    g_hash_table_add (named, (void *)json_get_string (workers->pdata[i], "id", ""));
  for (char **id = ids; *id; id++)
    if (!g_hash_table_contains (named, *id))
      updates_note (hive, *id, "");
}

/* The objects in the list of an answer. Borrowed. */
static GPtrArray *
updates_workers (JsonObject *answer)
{
  GPtrArray *workers = g_ptr_array_new ();
  JsonNode *node = json_object_get_member (answer, "workers");
  JsonArray *list = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (guint i = 0; list && i < json_array_get_length (list); i++)
    {
      JsonNode *worker = json_array_get_element (list, i);

      if (JSON_NODE_HOLDS_OBJECT (worker))
        g_ptr_array_add (workers, json_node_get_object (worker));
    }
  return workers;
}

static void
updates_reply (JsonObject *answer, const GError *failure, void *userdata)
{
  g_autoptr (UpdateCheck) check = userdata;
  g_autoptr (GPtrArray) workers = NULL;
  sd_bus_message *reply = NULL;
  int r;

  if (failure)
    {
      bus_reply_gerror (check->message, failure);
      return;
    }
  workers = updates_workers (answer);
  updates_forget_others (check->hive, workers);
  r = sd_bus_message_new_method_return (check->message, &reply);
  if (r >= 0)
    r = sd_bus_message_open_container (reply, 'a', "a{sv}");
  for (guint i = 0; r >= 0 && i < workers->len; i++)
    r = updates_append (check->hive, reply, workers->pdata[i]);
  if (r >= 0)
    r = sd_bus_message_close_container (reply);
  if (r >= 0)
    r = sd_bus_send (NULL, reply, NULL);
  if (r < 0)
    sd_bus_reply_method_errno (check->message, r, NULL);
  sd_bus_message_unref (reply);
}

/* The catalog it was installed from, as long as there is one of that name; "": any. */
static const char *
updates_catalog (const Hive *hive, const WorkerRecord *record)
{
  return record->catalog_name && configuration_catalog (hive->configuration, record->catalog_name, NULL) ?
             record->catalog_name :
             "";
}

/* `updates`, and of each worker five words: which one, from where, and in which version. */
static char **
updates_question (Hive *hive)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  g_auto (GStrv) ids = registry_ids (hive->registry);

  g_strv_builder_add (words, "updates");
  for (char **id = ids; *id; id++)
    {
      const WorkerRecord *record = registry_get (hive->registry, *id, NULL);

      if (record && g_strcmp0 (record->source, "recipe") != 0)
        g_strv_builder_add_many (words, *id, updates_catalog (hive, record), record->backend ? record->backend : "",
                                 record->source ? record->source : "",
                                 record->recipe_sha256 ? record->recipe_sha256 : "", NULL);
    }
  return g_strv_builder_end (words);
}

static int
updates_method_check (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Hive *hive = userdata;
  g_auto (GStrv) words = updates_question (hive);
  g_autoptr (GError) failure = NULL;
  UpdateCheck *check = g_new0 (UpdateCheck, 1);

  check->hive = hive;
  check->message = sd_bus_message_ref (message);
  if (queries_ask (hive->queries, (const char *const *)words, UPDATES_KEEP, callers_uid (hive->callers, message),
                   updates_reply, check, &failure))
    return 1;
  update_check_free (check);
  return bus_error_from_gerror (error, failure);
}

/* Reads the worker's id and, where the call has them, its options. */
static int
updates_read_call (Hive *hive, sd_bus_message *message, const char **ret_worker_id, ChangeOptions *options,
                   sd_bus_error *error)
{
  int r = sd_bus_message_read (message, "s", ret_worker_id);

  return r < 0 || sd_bus_message_at_end (message, true) > 0 ? r : change_options_read (hive, message, options, error);
}

/* As it was installed: the same variant of the same catalog's entry. */
static InstallOptions *
updates_options (Hive *hive, const char *worker_id, GError **error)
{
  const WorkerRecord *record = registry_get (hive->registry, worker_id, error);
  InstallOptions *options;

  if (!record)
    return NULL;
  if (g_strcmp0 (record->source, "recipe") == 0)
    {
      g_set_error (
          error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
          "%s was installed by a recipe of no catalog%s%s: install that again, or hivectl install %s takes the "
          "catalog's",
          worker_id, record->catalog && *record->catalog ? ", " : "", record->catalog ? record->catalog : "",
          worker_id);
      return NULL;
    }
  options = install_options_new ();
  options->upgrade = true;
  options->catalog = *updates_catalog (hive, record) ? g_strdup (record->catalog_name) : NULL;
  options->cpu =
      record->cpu && cpu_level_is_known (record->cpu) && !g_str_equal (record->cpu, hive->configuration->cpu) ?
          g_strdup (record->cpu) :
          NULL;
  options->backend = record->backend && *record->backend ? g_strdup (record->backend) : NULL;
  options->source = record->source && *record->source ? g_strdup (record->source) : NULL;
  return options;
}

int
updates_upgrade (Hive *hive, sd_bus_message *message, const char *worker_id, const ChangeOptions *change,
                 sd_bus_error *error)
{
  g_autoptr (InstallOptions) options = NULL;
  g_autoptr (GError) failure = NULL;
  uid_t uid;
  Job *job;
  int r;

  options = worker_id_check (worker_id, &failure) ? updates_options (hive, worker_id, &failure) : NULL;
  if (options)
    options->idempotency_key = g_strdup (change->idempotency_key);
  if (!options || !hive_check_install (hive, worker_id, options, &failure))
    return bus_error_from_gerror (error, failure);
  r = authority_check (hive->authority, message, &(AuthRequest){ .action = ACTION_INSTALL_WORKER, .worker = worker_id },
                       &uid, error);
  if (r != 0)
    return r;
  job = hive_install (hive, worker_id, options, change->owner >= 0 ? (uid_t)change->owner : uid, &failure);
  return job_reply (job, failure, message, error);
}

static int
updates_method_upgrade (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  g_auto (ChangeOptions) change = CHANGE_OPTIONS_NONE;
  const char *worker_id;
  int r = updates_read_call (userdata, message, &worker_id, &change, error);

  return r < 0 ? r : updates_upgrade (userdata, message, worker_id, &change, error);
}

int
updates_rollback (Hive *hive, sd_bus_message *message, const char *worker_id, const ChangeOptions *change,
                  sd_bus_error *error)
{
  g_autoptr (GError) failure = NULL;
  uid_t uid;
  Job *job;
  int r;

  if (!hive_check_rollback (hive, worker_id, change->idempotency_key, &failure))
    return bus_error_from_gerror (error, failure);
  r = authority_check (hive->authority, message, &(AuthRequest){ .action = ACTION_INSTALL_WORKER, .worker = worker_id },
                       &uid, error);
  if (r != 0)
    return r;
  if (change->owner >= 0)
    uid = (uid_t)change->owner;
  job = hive_rollback (hive, worker_id, change->idempotency_key, uid, &failure);
  return job_reply (job, failure, message, error);
}

static int
updates_method_rollback (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  g_auto (ChangeOptions) change = CHANGE_OPTIONS_NONE;
  const char *worker_id;
  int r = updates_read_call (userdata, message, &worker_id, &change, error);

  return r < 0 ? r : updates_rollback (userdata, message, worker_id, &change, error);
}

static const sd_bus_vtable updates_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD_WITH_ARGS ("CheckUpdates", SD_BUS_NO_ARGS, SD_BUS_RESULT ("aa{sv}", updates), updates_method_check,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("UpgradeWorker", SD_BUS_ARGS ("s", worker_id), SD_BUS_RESULT ("o", job),
                           updates_method_upgrade, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("UpgradeWorkerWithOptions", SD_BUS_ARGS ("s", worker_id, "a{sv}", options),
                           SD_BUS_RESULT ("o", job), updates_method_upgrade, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("RollbackWorker", SD_BUS_ARGS ("s", worker_id), SD_BUS_RESULT ("o", job),
                           updates_method_rollback, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("RollbackWorkerWithOptions", SD_BUS_ARGS ("s", worker_id, "a{sv}", options),
                           SD_BUS_RESULT ("o", job), updates_method_rollback, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_SIGNAL_WITH_ARGS ("UpdateAvailable", SD_BUS_ARGS ("s", worker_id, "s", version), 0),
  SD_BUS_VTABLE_END,
};

int
updates_publish (Hive *hive)
{
  return sd_bus_add_object_vtable (hive->bus, NULL, HIVE_PATH, HIVE_INTERFACE, updates_vtable, hive);
}
