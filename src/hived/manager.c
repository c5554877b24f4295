/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager.h"

#include <string.h>

#include "authority.h"
#include "bus-dict.h"
#include "capabilities.h"
#include "change-options.h"
#include "config.h"
#include "error.h"
#include "job-list.h"
#include "job-store.h"
#include "machine.h"
#include "pending-call.h"
#include "worker.h"

#define ORIGIN_MAX   1024
#define SANDBOX_KEEP (10 * G_USEC_PER_SEC)

static int
manager_install (Hive *hive, sd_bus_message *message, const char *reference, InstallOptions *options,
                 sd_bus_error *error)
{
  g_autoptr (GError) failure = NULL;
  const char *worker_id = install_options_take_reference (options, reference, &failure);
  AuthRequest question = { 0 };
  uid_t uid;
  Job *job;
  int r;

  if (!worker_id || !hive_check_install (hive, worker_id, options, &failure))
    return bus_error_from_gerror (error, failure);
  question.action = options->install_dependencies ? ACTION_INSTALL_DEPENDENCIES : ACTION_INSTALL_WORKER;
  question.worker = worker_id;
  r = authority_check (hive->authority, message, &question, &uid, error);
  if (r != 0)
    return r; /* refused, or asked: this method runs again with the answer */
  if (options->owner >= 0)
    uid = (uid_t)options->owner;
  job = hive_install (hive, worker_id, options, uid, &failure);
  return job_reply (job, failure, message, error);
}

static int
manager_method_install_worker (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  g_autoptr (InstallOptions) options = install_options_new ();
  const char *worker_id;
  int r;

  r = sd_bus_message_read (message, "s", &worker_id);
  if (r < 0)
    return r;
  return manager_install (userdata, message, worker_id, options, error);
}

static int
manager_method_install_with_options (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Hive *hive = userdata;
  g_autoptr (InstallOptions) options = NULL;
  const char *worker_id;
  int r;

  r = sd_bus_message_read (message, "s", &worker_id);
  if (r < 0)
    return r;
  r = install_options_read (message, &options, error);
  if (r < 0)
    return r;
  if (options->owner >= 0)
    {
      r = authority_check_bridge (hive->authority, message, "Option owner", error);
      if (r < 0)
        return r;
    }
  return manager_install (hive, message, worker_id, options, error);
}

/* Where it is from is the caller's word, for people. */
static bool
manager_check_origin (const char *origin, GError **error)
{
  bool fine = !origin || strlen (origin) <= ORIGIN_MAX;

  for (const char *at = origin; fine && at && *at; at = g_utf8_next_char (at))
    fine = g_unichar_isprint (g_utf8_get_char (at));
  if (!fine)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                 "Option origin is a line of at most %d bytes: where the recipe is from", ORIGIN_MAX);
  return fine;
}

static int
manager_method_install_recipe (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  static const BusOption known[] = {
    { "origin", 's', offsetof (InstallOptions, origin) },
    { "check", 'b', offsetof (InstallOptions, check) },
    { "reinstall", 'b', offsetof (InstallOptions, reinstall) },
    {},
  };
  Hive *hive = userdata;
  g_autoptr (InstallOptions) options = install_options_new ();
  g_auto (HandedRecipe) recipe = { 0 };
  g_autoptr (GError) failure = NULL;
  const char *worker_id;
  uid_t uid;
  Job *job;
  int r;

  if ((r = sd_bus_message_read (message, "s", &worker_id)) < 0 ||
      (r = handed_recipe_read (message, &recipe, error)) < 0 ||
      (r = bus_dict_read (message, known, options, error)) < 0)
    return r;
  options->recipe = g_strdup (recipe.sum);
  if (!manager_check_origin (options->origin, &failure) || !hive_check_install (hive, worker_id, options, &failure))
    return bus_error_from_gerror (error, failure);
  r = authority_check (hive->authority, message,
                       &(AuthRequest){ .action = ACTION_INSTALL_RECIPE, .worker = worker_id, .recipe = recipe.sum },
                       &uid, error);
  if (r != 0)
    return r;
  job = hive_install_recipe (hive, worker_id, options, &recipe, uid, &failure);
  return job_reply (job, failure, message, error);
}

static int
manager_remove (Hive *hive, sd_bus_message *message, const char *worker_id, const ChangeOptions *options,
                sd_bus_error *error)
{
  g_autoptr (GError) failure = NULL;
  uid_t uid;
  Job *job;
  int r;

  if (!hive_check_remove (hive, worker_id, options->idempotency_key, &failure))
    return bus_error_from_gerror (error, failure);
  r = authority_check (hive->authority, message, &(AuthRequest){ .action = ACTION_REMOVE_WORKER, .worker = worker_id },
                       &uid, error);
  if (r != 0)
    return r;
  if (options->owner >= 0)
    uid = (uid_t)options->owner;
  job = hive_remove (hive, worker_id, options->idempotency_key, uid, &failure);
  return job_reply (job, failure, message, error);
}

static int
manager_method_remove_worker (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  const char *worker_id;
  int r;

  r = sd_bus_message_read (message, "s", &worker_id);
  if (r < 0)
    return r;
  return manager_remove (userdata, message, worker_id, &(ChangeOptions)CHANGE_OPTIONS_NONE, error);
}

static int
manager_method_remove_with_options (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  g_auto (ChangeOptions) options = CHANGE_OPTIONS_NONE;
  const char *worker_id;
  int r;

  if ((r = sd_bus_message_read (message, "s", &worker_id)) < 0 ||
      (r = change_options_read (userdata, message, &options, error)) < 0)
    return r;
  return manager_remove (userdata, message, worker_id, &options, error);
}

static int
manager_method_list_workers (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Hive *hive = userdata;
  g_auto (GStrv) ids = registry_ids (hive->registry);
  sd_bus_message *reply = NULL;
  int r;

  r = sd_bus_message_new_method_return (message, &reply);
  if (r >= 0)
    r = sd_bus_message_open_container (reply, 'a', "a{sv}");
  for (char **id = ids; r >= 0 && *id; id++)
    {
      g_autoptr (GError) failure = NULL;
      const WorkerRecord *record = registry_get (hive->registry, *id, &failure);

      if (record)
        r = worker_append (hive, reply, record);
      else
        g_warning ("A worker is passed over: %s", failure->message);
    }
  return bus_reply_send_list (reply, r);
}

static int
manager_method_list_jobs (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Hive *hive = userdata;
  g_auto (JobList) list = { 0 };
  sd_bus_message *reply = NULL;
  int r;

  r = job_list_read (&list, message, error);
  if (r < 0)
    return r;
  r = sd_bus_message_new_method_return (message, &reply);
  if (r >= 0)
    r = job_list_append (&list, hive->jobs, reply);
  return bus_reply_send (reply, r);
}

static int
manager_method_get_job (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Hive *hive = userdata;
  g_autoptr (GError) failure = NULL;
  const char *id;
  Job *job;
  int r;

  r = sd_bus_message_read (message, "s", &id);
  if (r < 0)
    return r;
  job = job_store_revive (hive->jobs, id, &failure);
  return job_reply (job, failure, message, error);
}

static void
manager_reply_capabilities (JsonObject *answer, const GError *failure, void *userdata)
{
  g_autoptr (PendingCall) call = userdata;
  sd_bus_message *reply = NULL;
  int r;

  r = sd_bus_message_new_method_return (call->message, &reply);
  if (r >= 0)
    r = capabilities_append (call->hive, reply, answer, failure);
  pending_call_send (call, reply, r);
}

/* What was asked is answered by the sandbox's query, whether the devices are known or could not be. */
static void
manager_on_first_look (const GError *failure, void *userdata)
{
  static const char *const query[] = { "sandbox", NULL };
  g_autoptr (PendingCall) call = userdata;
  Hive *hive = call->hive;
  g_autoptr (GError) error = NULL;

  if (queries_ask (hive->queries, query, SANDBOX_KEEP, callers_uid (hive->callers, call->message),
                   manager_reply_capabilities, call, &error))
    g_steal_pointer (&call);
  else
    bus_reply_gerror (call->message, error);
}

static int
manager_method_get_capabilities (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Hive *hive = userdata;

  if (!capabilities_are_known (hive))
    return pending_call_look (hive, message, manager_on_first_look, error);
  return pending_call_ask (hive, message, (const char *const[]){ "sandbox", NULL }, SANDBOX_KEEP,
                           manager_reply_capabilities, error);
}

static void
manager_reply_refresh (const GError *failure, void *userdata)
{
  g_autoptr (PendingCall) call = userdata;

  if (failure)
    bus_reply_gerror (call->message, failure);
  else
    sd_bus_reply_method_return (call->message, NULL);
}

static int
manager_method_refresh_capabilities (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Hive *hive = userdata;
  int r;

  r = authority_check (hive->authority, message, &(AuthRequest){ .action = ACTION_REFRESH }, NULL, error);
  if (r != 0)
    return r;
  queries_forget (hive->queries);
  return pending_call_look (hive, message, manager_reply_refresh, error);
}

/* Of the catalog that comes first. */
static const char *
manager_catalog_url (const Hive *hive)
{
  const CatalogConfiguration *catalog = hive->configuration->catalogs->pdata[0];

  return catalog->shown_url;
}

static int
manager_get_string (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                    void *userdata, sd_bus_error *error)
{
  const Hive *hive = userdata;
  const char *value = g_str_equal (property, "Version")           ? PROJECT_VERSION :
                      g_str_equal (property, "CatalogURL")        ? manager_catalog_url (hive) :
                      g_str_equal (property, "Architecture")      ? hive->architecture :
                      g_str_equal (property, "ConfigurationFile") ? configuration_file (hive->configuration) :
                                                                    MACHINE_PLATFORM;

  return sd_bus_message_append (reply, "s", value);
}

static int
manager_get_count (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                   void *userdata, sd_bus_error *error)
{
  unsigned running, queued;

  hive_counts (userdata, &running, &queued);
  return sd_bus_message_append (reply, "u", (uint32_t)(g_str_equal (property, "RunningJobs") ? running : queued));
}

static int
manager_get_runs_workers (sd_bus *bus, const char *path, const char *interface, const char *property,
                          sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  return sd_bus_message_append (reply, "b", (int)hive_runs_workers (userdata));
}

static const sd_bus_vtable manager_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD_WITH_ARGS ("InstallWorker", SD_BUS_ARGS ("s", worker_id), SD_BUS_RESULT ("o", job),
                           manager_method_install_worker, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("InstallWorkerWithOptions", SD_BUS_ARGS ("s", worker_id, "a{sv}", options),
                           SD_BUS_RESULT ("o", job), manager_method_install_with_options, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("InstallRecipe", SD_BUS_ARGS ("s", worker_id, "a{sh}", files, "a{sv}", options),
                           SD_BUS_RESULT ("o", job), manager_method_install_recipe, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("RemoveWorker", SD_BUS_ARGS ("s", worker_id), SD_BUS_RESULT ("o", job),
                           manager_method_remove_worker, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("RemoveWorkerWithOptions", SD_BUS_ARGS ("s", worker_id, "a{sv}", options),
                           SD_BUS_RESULT ("o", job), manager_method_remove_with_options, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("ListWorkers", SD_BUS_NO_ARGS, SD_BUS_RESULT ("aa{sv}", workers),
                           manager_method_list_workers, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("ListJobs", SD_BUS_ARGS ("a{sv}", options), SD_BUS_RESULT ("aa{sv}", jobs),
                           manager_method_list_jobs, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("GetJob", SD_BUS_ARGS ("s", id), SD_BUS_RESULT ("o", job), manager_method_get_job,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("GetCapabilities", SD_BUS_NO_ARGS, SD_BUS_RESULT ("a{sv}", capabilities),
                           manager_method_get_capabilities, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("RefreshCapabilities", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, manager_method_refresh_capabilities,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_PROPERTY ("Version", "s", manager_get_string, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("CatalogURL", "s", manager_get_string, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("ConfigurationFile", "s", manager_get_string, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("Architecture", "s", manager_get_string, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("Platform", "s", manager_get_string, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("RunsWorkers", "b", manager_get_runs_workers, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("RunningJobs", "u", manager_get_count, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("QueuedJobs", "u", manager_get_count, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_SIGNAL_WITH_ARGS ("JobNew", SD_BUS_ARGS ("s", id, "o", job), 0),
  SD_BUS_SIGNAL_WITH_ARGS ("JobFinished",
                           SD_BUS_ARGS ("s", id, "o", job, "s", result, "s", error_name, "s", error_message), 0),
  SD_BUS_SIGNAL_WITH_ARGS ("JobRemoved", SD_BUS_ARGS ("s", id, "o", job), 0),
  SD_BUS_SIGNAL_WITH_ARGS ("WorkerInstalled", SD_BUS_ARGS ("s", worker_id, "s", version), 0),
  SD_BUS_SIGNAL_WITH_ARGS ("WorkerRemoved", SD_BUS_ARGS ("s", worker_id), 0),
  SD_BUS_SIGNAL_WITH_ARGS ("CatalogChanged", SD_BUS_ARGS ("s", name), 0),
  SD_BUS_SIGNAL ("DevicesChanged", "", 0),
  SD_BUS_VTABLE_END,
};

int
manager_publish (Hive *hive)
{
  int r;

  r = sd_bus_add_object_vtable (hive->bus, NULL, HIVE_PATH, HIVE_INTERFACE, manager_vtable, hive);
  if (r < 0)
    return r;
  return sd_bus_add_object_manager (hive->bus, NULL, HIVE_PATH);
}
