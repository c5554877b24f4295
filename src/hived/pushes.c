/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pushes.h"

#include <glib/gi18n.h>
#include <string.h>

#include "authority.h"
#include "bus-dict.h"
#include "error.h"
#include "job.h"
#include "json.h"
#include "registry.h"

/* What a caller may say of a push. */
typedef struct
{
  char *store, *folder;
} PushOptions;

static void
push_options_clear (PushOptions *options)
{
  g_free (options->store);
  g_free (options->folder);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PushOptions, push_options_clear)

static const BusOption push_options_table[] = {
  { "store", 's', offsetof (PushOptions, store) },
  { "folder", 's', offsetof (PushOptions, folder) },
  {},
};

/* The address that is meant: of the store that was named, of the folder, or of the only store there is. */
static char *
find_url (const Hive *hive, const PushOptions *options, GError **error)
{
  GPtrArray *stores = hive->configuration->stores;

  if (options->folder && (*options->folder != '/' || strstr (options->folder, "/../") || options->store))
    {
      g_set_error_literal (
          error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
          "Option folder is the absolute path of a folder, without \"..\", and then there is no store");
      return NULL;
    }
  if (options->folder)
    return g_strconcat ("oci://", options->folder, NULL);
  for (guint i = 0; i < stores->len; i++)
    {
      const Store *store = stores->pdata[i];

      if (options->store ? g_str_equal (store->name, options->store) : stores->len == 1)
        return g_strdup (store->url);
    }
  if (options->store)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                 "There is no store \"%.40s\": hive.conf has no section [Store %.40s]", options->store, options->store);
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                 stores->len == 0 ? N_ ("hive.conf has no section [Store NAME] to push to") :
                                    N_ ("hive.conf has %u stores: name the one that is meant"),
                 stores->len);
  return NULL;
}

static int
pushes_method_push (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Hive *hive = userdata;
  g_autoptr (GError) failure = NULL;
  g_auto (PushOptions) options = { 0 };
  g_autofree char *url = NULL;
  const char *worker_id;
  uid_t uid;
  Job *job;
  int r = sd_bus_message_read (message, "s", &worker_id);

  if (r >= 0 && g_str_equal (sd_bus_message_get_signature (message, true), "sa{sv}"))
    r = bus_dict_read (message, push_options_table, &options, error);
  if (r < 0)
    return r;
  url = find_url (hive, &options, &failure);
  if (!url || !hive_check_push (hive, worker_id, &failure))
    return bus_error_from_gerror (error, failure);
  r = authority_check (hive->authority, message, &(AuthRequest){ .action = ACTION_PUSH_WORKER, .worker = worker_id },
                       &uid, error);
  if (r != 0)
    return r;
  job = hive_push (hive, worker_id, url, uid, &failure);
  return job_reply (job, failure, message, error);
}

static int
append_store (sd_bus_message *reply, const Store *store)
{
  int r = sd_bus_message_open_container (reply, 'a', "{sv}");

  if (r < 0 || (r = bus_dict_append_string (reply, "name", store->name)) < 0 ||
      (r = bus_dict_append_string (reply, "url", store->url)) < 0 ||
      (r = bus_dict_append_bool (reply, "push", store->push)) < 0 ||
      (r = bus_dict_append_bool (reply, "floating", store->floating)) < 0)
    return r;
  return sd_bus_message_close_container (reply);
}

static int
pushes_method_list_stores (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  const Hive *hive = userdata;
  sd_bus_message *reply = NULL;
  int r = sd_bus_message_new_method_return (message, &reply);

  if (r >= 0)
    r = sd_bus_message_open_container (reply, 'a', "a{sv}");
  for (guint i = 0; r >= 0 && i < hive->configuration->stores->len; i++)
    r = append_store (reply, hive->configuration->stores->pdata[i]);
  return bus_reply_send_list (reply, r);
}

void
pushes_follow (Hive *hive, const Job *job)
{
  const WorkerRecord *record = NULL;

  if (job->operation != JOB_INSTALL || job->state != JOB_DONE)
    return;
  record = registry_get (hive->registry, job->worker_id, NULL);
  if (!record || g_strcmp0 (record->job, job->id) != 0 || !record->build || json_has (record->build, "from"))
    return;
  for (guint i = 0; i < hive->configuration->stores->len; i++)
    {
      const Store *store = hive->configuration->stores->pdata[i];
      g_autoptr (GError) error = NULL;

      if (store->push && !hive_push (hive, job->worker_id, store->url, job->owner, &error))
        g_warning ("%s is not pushed to store %s: %s", job->worker_id, store->name, error->message);
    }
}

static const sd_bus_vtable pushes_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD_WITH_ARGS ("PushWorker", SD_BUS_ARGS ("s", worker_id), SD_BUS_RESULT ("o", job), pushes_method_push,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("PushWorkerWithOptions", SD_BUS_ARGS ("s", worker_id, "a{sv}", options),
                           SD_BUS_RESULT ("o", job), pushes_method_push, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("ListStores", SD_BUS_NO_ARGS, SD_BUS_RESULT ("aa{sv}", stores), pushes_method_list_stores,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_VTABLE_END,
};

int
pushes_publish (Hive *hive)
{
  return sd_bus_add_object_vtable (hive->bus, NULL, HIVE_PATH, HIVE_INTERFACE, pushes_vtable, hive);
}
