/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-methods.h"

#include "bus-dict.h"
#include "capabilities.h"
#include "catalog-reply.h"
#include "install-options.h"
#include "json.h"
#include "pending-call.h"

#define CATALOG_KEEP (5 * G_USEC_PER_SEC)

/* Asks the catalogs, or the one @name, and answers @message in @handler. */
static int
catalog_ask (Hive *hive, sd_bus_message *message, const char *name, const char *const *arguments, QueryHandler handler,
             sd_bus_error *error)
{
  PendingCall *call = pending_call_new (hive, message);
  g_autoptr (GError) failure = NULL;

  if (catalogs_ask (hive->catalogs, name, arguments, CATALOG_KEEP, callers_uid (hive->callers, message), handler, call,
                    &failure))
    return 1;
  pending_call_free (call);
  return bus_error_from_gerror (error, failure);
}

static void
catalog_answer_list (JsonObject *answer, const GError *failure, void *userdata)
{
  g_autoptr (PendingCall) call = userdata;
  JsonNode *node = answer ? json_object_get_member (answer, "workers") : NULL;
  JsonArray *workers = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  sd_bus_message *reply = NULL;
  int r;

  if (failure)
    {
      bus_reply_gerror (call->message, failure);
      return;
    }
  r = sd_bus_message_new_method_return (call->message, &reply);
  if (r >= 0)
    r = sd_bus_message_open_container (reply, 'a', "a{sv}");
  for (guint i = 0; r >= 0 && workers && i < json_array_get_length (workers); i++)
    {
      JsonNode *entry = json_array_get_element (workers, i);

      if (JSON_NODE_HOLDS_OBJECT (entry))
        r = catalog_reply_append (call->hive, reply, json_node_get_object (entry));
    }
  if (r >= 0)
    r = sd_bus_message_close_container (reply);
  pending_call_send (call, reply, r);
}

static int
catalog_list (sd_bus_message *message, Hive *hive, sd_bus_error *error)
{
  static const BusOption known[] = { { "catalog", 's', offsetof (InstallOptions, catalog) }, {} };
  g_autoptr (InstallOptions) options = install_options_new ();
  int r;

  r = bus_dict_read (message, known, options, error);
  if (r < 0)
    return r;
  return catalog_ask (hive, message, options->catalog, (const char *const[]){ "catalog", NULL }, catalog_answer_list,
                      error);
}

/* A method that was put off until the devices were looked at, whatever came of that. */
static void
catalog_go_on (const PendingCall *call, int (*method) (sd_bus_message *message, Hive *hive, sd_bus_error *error))
{
  sd_bus_error error = SD_BUS_ERROR_NULL;
  int r = method (call->message, call->hive, &error);

  if (r < 0)
    sd_bus_reply_method_errno (call->message, r, &error);
  sd_bus_error_free (&error);
}

static void
catalog_list_after_look (const GError *failure, void *userdata)
{
  g_autoptr (PendingCall) call = userdata;

  catalog_go_on (call, catalog_list);
}

/* What fits this machine depends on its devices. */
static int
catalog_method_list (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  return capabilities_are_known (userdata) ? catalog_list (message, userdata, error) :
                                             pending_call_look (userdata, message, catalog_list_after_look, error);
}

static int
catalog_method_states (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  return catalog_reply_states (userdata, message);
}

static void
catalog_answer_worker (JsonObject *answer, const GError *failure, void *userdata)
{
  g_autoptr (PendingCall) call = userdata;
  sd_bus_message *reply = NULL;
  int r;

  if (failure)
    {
      bus_reply_gerror (call->message, failure);
      return;
    }
  r = sd_bus_message_new_method_return (call->message, &reply);
  if (r >= 0)
    r = catalog_reply_append (call->hive, reply, answer);
  pending_call_send (call, reply, r);
}

/* With the options, or without. */
static int
catalog_get_worker (sd_bus_message *message, Hive *hive, sd_bus_error *error)
{
  static const BusOption known[] = {
    { "backend", 's', offsetof (InstallOptions, backend) },
    { "catalog", 's', offsetof (InstallOptions, catalog) },
    {},
  };
  g_autoptr (InstallOptions) options = install_options_new ();
  g_autoptr (GError) failure = NULL;
  const char *reference, *worker_id;
  int r;

  r = sd_bus_message_read (message, "s", &reference);
  if (r >= 0 && !sd_bus_message_at_end (message, true))
    r = bus_dict_read (message, known, options, error);
  if (r < 0)
    return r;
  worker_id = install_options_take_reference (options, reference, &failure);
  if (!worker_id || !install_options_check_variant (options->backend, NULL, &failure))
    return bus_error_from_gerror (error, failure);
  return catalog_ask (hive, message, options->catalog,
                      (const char *const[]){ "worker", worker_id, options->backend, NULL }, catalog_answer_worker,
                      error);
}

static void
catalog_get_worker_after_look (const GError *failure, void *userdata)
{
  g_autoptr (PendingCall) call = userdata;

  catalog_go_on (call, catalog_get_worker);
}

static int
catalog_method_get_worker (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  return capabilities_are_known (userdata) ?
             catalog_get_worker (message, userdata, error) :
             pending_call_look (userdata, message, catalog_get_worker_after_look, error);
}

static void
catalog_answer_recipe (JsonObject *answer, const GError *failure, void *userdata)
{
  g_autoptr (PendingCall) call = userdata;

  if (failure)
    bus_reply_gerror (call->message, failure);
  else
    sd_bus_reply_method_return (call->message, "s", json_get_string (answer, "pkgbuild", ""));
}

static int
catalog_method_get_recipe (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  static const BusOption known[] = {
    { "backend", 's', offsetof (InstallOptions, backend) },
    { "source", 's', offsetof (InstallOptions, source) },
    { "catalog", 's', offsetof (InstallOptions, catalog) },
    {},
  };
  g_autoptr (InstallOptions) options = install_options_new ();
  g_autoptr (GError) failure = NULL;
  const char *arguments[5] = { "recipe" };
  const char *reference, *worker_id;
  int r;

  r = sd_bus_message_read (message, "s", &reference);
  if (r < 0)
    return r;
  r = bus_dict_read (message, known, options, error);
  if (r < 0)
    return r;
  worker_id = install_options_take_reference (options, reference, &failure);
  if (!worker_id || !install_options_check_variant (options->backend, options->source, &failure))
    return bus_error_from_gerror (error, failure);

  /* An empty backend is the catalog's choice. */
  arguments[1] = worker_id;
  arguments[2] = options->backend ? options->backend : options->source ? "" : NULL;
  arguments[3] = arguments[2] ? options->source : NULL;
  return catalog_ask (userdata, message, options->catalog, arguments, catalog_answer_recipe, error);
}

static const sd_bus_vtable catalog_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD_WITH_ARGS ("ListCatalog", SD_BUS_ARGS ("a{sv}", options), SD_BUS_RESULT ("aa{sv}", workers),
                           catalog_method_list, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("ListCatalogs", SD_BUS_NO_ARGS, SD_BUS_RESULT ("aa{sv}", catalogs), catalog_method_states,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("GetCatalogWorker", SD_BUS_ARGS ("s", worker_id), SD_BUS_RESULT ("a{sv}", worker),
                           catalog_method_get_worker, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("GetCatalogWorkerWithOptions", SD_BUS_ARGS ("s", worker_id, "a{sv}", options),
                           SD_BUS_RESULT ("a{sv}", worker), catalog_method_get_worker, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("GetRecipe", SD_BUS_ARGS ("s", worker_id, "a{sv}", options), SD_BUS_RESULT ("s", pkgbuild),
                           catalog_method_get_recipe, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_VTABLE_END,
};

int
catalog_methods_publish (Hive *hive)
{
  return sd_bus_add_object_vtable (hive->bus, NULL, HIVE_PATH, HIVE_INTERFACE, catalog_vtable, hive);
}
