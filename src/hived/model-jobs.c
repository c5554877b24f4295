/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-jobs.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "authority.h"
#include "bus-dict.h"
#include "change-options.h"
#include "error.h"
#include "instances.h"
#include "job-store.h"
#include "job.h"
#include "json.h"
#include "model-record.h"
#include "model-reference.h"
#include "models.h"
#include "verification.h"

typedef struct
{
  char *name, *sha256, *idempotency_key;
  int64_t owner; /* the uid of the person whom the bridge acts for; -1: not given */
} ModelOptions;

static void
model_options_clear (ModelOptions *options)
{
  g_free (options->name);
  g_free (options->sha256);
  g_free (options->idempotency_key);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ModelOptions, model_options_clear)

/* The hive's own, not those of other folders. */
static bool
model_check_new (const Hive *hive, const char *name, GError **error)
{
  g_autofree char *file = g_strconcat (name, ".gguf", NULL);
  g_autofree char *path = configuration_state_path (hive->configuration, "models", file, NULL);
  g_autoptr (JsonObject) record = NULL;

  if (!model_name_check (name, error))
    return false;
  record = model_record_read (hive->configuration, name);
  if (!record && access (path, F_OK) < 0)
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_FILE_CONFLICT,
               "There is a model %s already: remove it first (hivectl model remove %s), or choose another name", name,
               name);
  return false;
}

static bool
model_check_sum (const char *sum, GError **error)
{
  if (!sum || (strlen (sum) == 64 && strspn (sum, G_CSET_DIGITS "abcdefABCDEF") == 64))
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "Option sha256 is a sum of 64 hexadecimal digits");
  return false;
}

static int
model_method_pull (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  static const BusOption known[] = { { "name", 's', offsetof (ModelOptions, name) },
                                     { "idempotency_key", 's', offsetof (ModelOptions, idempotency_key) },
                                     { "owner", 'u', offsetof (ModelOptions, owner) },
                                     {} };
  Hive *hive = userdata;
  g_auto (ModelReference) reference = { 0 };
  g_auto (ModelOptions) options = { .owner = -1 };
  g_autoptr (JsonObject) model = json_object_new ();
  g_autoptr (GError) failure = NULL;
  const char *text, *name;
  uid_t owner;
  Job *job;
  int r;

  if ((r = sd_bus_message_read (message, "s", &text)) < 0 || (r = bus_dict_read (message, known, &options, error)) < 0)
    return r;
  if (!model_reference_parse (text, &reference, &failure))
    return bus_error_from_gerror (error, failure);
  name = options.name ? options.name : reference.name;
  if (!name)
    {
      g_set_error (&failure, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                   "The address does not end in a file's name with .gguf: say what the model is called (option name)");
      return bus_error_from_gerror (error, failure);
    }
  if (options.owner >= 0 && (r = authority_check_bridge (hive->authority, message, "Option owner", error)) < 0)
    return r;
  owner = options.owner >= 0 ? (uid_t)options.owner : callers_uid (hive->callers, message);
  /* A key gets its job again after that has ended, when there is such a model. */
  if (!change_options_check (options.owner, options.idempotency_key, &failure) ||
      !hive_check_model (hive, JOB_PULL, name, options.idempotency_key, &failure) ||
      (!job_store_find_key (hive->jobs, JOB_PULL, name, owner, options.idempotency_key) &&
       !model_check_new (hive, name, &failure)))
    return bus_error_from_gerror (error, failure);
  r = authority_check (hive->authority, message, &(AuthRequest){ .action = ACTION_MANAGE_MODELS, .model = name }, NULL,
                       error);
  if (r != 0)
    return r;
  json_object_set_string_member (model, "reference", text);
  job = hive_bring_model (hive, JOB_PULL, name, model, -1, options.idempotency_key, owner, &failure);
  return job_reply (job, failure, message, error);
}

static int
model_method_import (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  static const BusOption known[] = { { "name", 's', offsetof (ModelOptions, name) },
                                     { "sha256", 's', offsetof (ModelOptions, sha256) },
                                     {} };
  Hive *hive = userdata;
  g_auto (ModelOptions) options = { 0 };
  g_autoptr (JsonObject) model = json_object_new ();
  g_autoptr (GError) failure = NULL;
  const char *name;
  Job *job;
  uid_t uid;
  int fd, r;

  if ((r = sd_bus_message_read (message, "h", &fd)) < 0 || (r = bus_dict_read (message, known, &options, error)) < 0)
    return r;
  name = options.name ? options.name : "";
  /* What kind of file it is the builder looks: a file system of its owner's might never answer. */
  if ((fcntl (fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
    g_set_error (&failure, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "The file has to be open for reading");
  if (failure || !model_check_sum (options.sha256, &failure) ||
      !hive_check_model (hive, JOB_IMPORT, name, NULL, &failure) || !model_check_new (hive, name, &failure))
    return bus_error_from_gerror (error, failure);
  r = authority_check (hive->authority, message, &(AuthRequest){ .action = ACTION_MANAGE_MODELS, .model = name }, &uid,
                       error);
  if (r != 0)
    return r;
  if (options.sha256)
    json_object_set_string_member (model, "sha256", options.sha256);
  job = hive_bring_model (hive, JOB_IMPORT, name, model, fd, NULL, uid, &failure);
  return job_reply (job, failure, message, error);
}

/* A removal that waits for an answer. */
typedef struct
{
  Hive *hive;
  sd_bus_message *message;
  char *name;
  char *path; /* while it is being removed; NULL: it is broken, so that nothing starts with it */
} ModelRemoval;

static void
removal_free (ModelRemoval *removal)
{
  if (removal->path)
    g_hash_table_remove (removal->hive->leaving, removal->path);
  sd_bus_message_unref (removal->message);
  g_free (removal->name);
  g_free (removal->path);
  g_free (removal);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ModelRemoval, removal_free)

static void
removal_done (const Ending *ending, void *userdata)
{
  g_autoptr (ModelRemoval) removal = userdata;
  g_autofree char *how = ending_to_string (ending);

  if (ending_status (ending) == 0)
    {
      models_announce_change (removal->hive);
      sd_bus_reply_method_return (removal->message, NULL);
    }
  else
    sd_bus_reply_method_errorf (removal->message, HIVE_ERROR_PREFIX "Failed",
                                "The model %s could not be removed (%s); see the messages of rbee-hive-commit",
                                removal->name, how);
}

static bool
removal_check (const ModelRemoval *removal, JsonObject *model, GError **error)
{
  g_autofree char *own = configuration_state_path (removal->hive->configuration, "models", NULL);
  const char *path = json_get_string (model, "path", "");
  g_autofree char *user = instances_user_of_model (removal->hive->instances, path);

  if (!models_check_stays (removal->hive, removal->name, path, error))
    return false;
  if (user)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_IN_USE, "The instance %s runs with the model %s: stop it first", user,
                 removal->name);
  else if (!g_str_equal (json_get_string (model, "folder", ""), own))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                 "%s lies in a folder of [Models] Folders= in hive.conf, where the hive changes nothing", path);
  else
    return true;
  return false;
}

static void
removal_found (JsonObject *model, const GError *failure, void *userdata)
{
  g_autoptr (ModelRemoval) removal = userdata;
  g_autoptr (JsonObject) request = NULL;
  g_autoptr (GError) error = NULL;
  Hive *hive = removal->hive;
  /* One that is broken can be removed, too. */
  bool broken = failure && failure->code == HIVE_ERROR_MODEL_INVALID;

  if ((failure && !broken) || (model && !removal_check (removal, model, &error)))
    {
      bus_reply_gerror (removal->message, error ? error : failure);
      return;
    }
  if (model)
    {
      removal->path = g_strdup (json_get_string (model, "path", ""));
      g_hash_table_add (hive->leaving, g_strdup (removal->path));
    }
  request = json_object_new ();
  json_object_set_string_member (request, "name", removal->name);
  committer_run (hive->committer, COMMIT_MODEL_REMOVE, request, removal_done, g_steal_pointer (&removal));
}

static int
model_method_remove (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Hive *hive = userdata;
  g_autoptr (GError) failure = NULL;
  ModelRemoval *removal;
  const char *name;
  uid_t uid;
  int r;

  r = sd_bus_message_read (message, "s", &name);
  if (r < 0)
    return r;
  if (!model_name_check (name, &failure))
    return bus_error_from_gerror (error, failure);
  r = authority_check (hive->authority, message, &(AuthRequest){ .action = ACTION_MANAGE_MODELS, .model = name }, &uid,
                       error);
  if (r != 0)
    return r;
  removal = g_new0 (ModelRemoval, 1);
  removal->hive = hive;
  removal->message = sd_bus_message_ref (message);
  removal->name = g_strdup (name);
  if (models_find (hive, name, uid, removal_found, removal, &failure))
    return 1;
  removal_free (removal);
  return bus_error_from_gerror (error, failure);
}

static int
model_method_verify (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Hive *hive = userdata;
  g_autoptr (GError) failure = NULL;
  const char *name;
  int r = sd_bus_message_read (message, "s", &name);

  if (r < 0)
    return r;
  if (!model_name_check (name, &failure))
    return bus_error_from_gerror (error, failure);
  return verifications_start_model (hive->verifications, message, name, error);
}

static const sd_bus_vtable model_jobs_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD_WITH_ARGS ("PullModel", SD_BUS_ARGS ("s", reference, "a{sv}", options), SD_BUS_RESULT ("o", job),
                           model_method_pull, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("ImportModel", SD_BUS_ARGS ("h", file, "a{sv}", options), SD_BUS_RESULT ("o", job),
                           model_method_import, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("VerifyModel", SD_BUS_ARGS ("s", name), SD_BUS_RESULT ("a(ss)", problems),
                           model_method_verify, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("RemoveModel", SD_BUS_ARGS ("s", name), SD_BUS_NO_RESULT, model_method_remove,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_VTABLE_END,
};

int
model_jobs_publish (Hive *hive)
{
  return sd_bus_add_object_vtable (hive->bus, NULL, HIVE_PATH, HIVE_INTERFACE, model_jobs_vtable, hive);
}
