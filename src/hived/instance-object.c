/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance-object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "authority.h"
#include "bus-dict.h"
#include "bus-nodes.h"
#include "error.h"
#include "file.h"
#include "instance-life.h"
#include "instances.h"
#include "models.h"
#include "worker-id.h"

#define KEY_MAX 256

static const char *
instance_error_name (const Instance *instance)
{
  return instance->state == INSTANCE_FAILED && instance->error_code >= 0 ? hive_error_name (instance->error_code) : "";
}

static const char *
instance_error_message (const Instance *instance)
{
  return instance->state == INSTANCE_FAILED && instance->error ? instance->error : "";
}

/* Texts, as ListInstances and the properties have them. */
static const char *
instance_text (const Instance *instance, const char *property)
{
  const InstanceOptions *options = instance->options;
  const char *text = g_str_equal (property, "Name")         ? options->name :
                     g_str_equal (property, "WorkerId")     ? instance->worker_id :
                     g_str_equal (property, "Version")      ? instance->version :
                     g_str_equal (property, "State")        ? instance_state_name (instance->state) :
                     g_str_equal (property, "Address")      ? instance->address :
                     g_str_equal (property, "Unit")         ? instance->units[INSTANCE_WORKER]->name :
                     g_str_equal (property, "Device")       ? options->device :
                     g_str_equal (property, "Model")        ? options->model :
                     g_str_equal (property, "API")          ? (instance->rule ? instance->rule->api : NULL) :
                     g_str_equal (property, "WebUI")        ? (instance->rule ? instance->rule->web_ui : NULL) :
                     g_str_equal (property, "Warning")      ? instance->warning :
                     g_str_equal (property, "ErrorName")    ? instance_error_name (instance) :
                     g_str_equal (property, "ErrorMessage") ? instance_error_message (instance) :
                                                              NULL;

  return text ? text : "";
}

static const UnitState *
instance_worker (const Instance *instance)
{
  return &instance->units[INSTANCE_WORKER]->state;
}

static uint64_t
instance_number (const Instance *instance, const char *property)
{
  const UnitState *worker = instance_worker (instance);

  if (g_str_equal (property, "Since"))
    return worker->since;
  return worker->main_pid != 0 && worker->memory != UINT64_MAX ? worker->memory : 0;
}

static bool
instance_flag (const Instance *instance, const char *property)
{
  return g_str_equal (property, "Boot") ? instance->options->boot : instance_is_before (instance);
}

static const struct
{
  const char *property, *key;
} texts[] = {
  { "Name", "name" },       { "WorkerId", "worker_id" },   { "Version", "version" },
  { "State", "state" },     { "Address", "address" },      { "Unit", "unit" },
  { "Device", "device" },   { "Model", "model" },          { "API", "api" },
  { "WebUI", "web_ui" },    { "ErrorName", "error_name" }, { "ErrorMessage", "error_message" },
  { "Warning", "warning" },
};

static int
instance_append (sd_bus_message *message, const Instance *instance)
{
  const UnitState *worker = instance_worker (instance);
  int r = sd_bus_message_open_container (message, 'a', "{sv}");

  for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (texts); i++)
    r = bus_dict_append_string (message, texts[i].key, instance_text (instance, texts[i].property));
  if (r < 0 || (r = bus_dict_append_uint32 (message, "main_pid", worker->main_pid)) < 0 ||
      (r = bus_dict_append_uint32 (message, "restarts", worker->restarts)) < 0 ||
      (r = bus_dict_append_uint64 (message, "memory", instance_number (instance, "Memory"))) < 0 ||
      (r = bus_dict_append_uint64 (message, "since", instance_number (instance, "Since"))) < 0 ||
      (r = bus_dict_append_bool (message, "boot", instance->options->boot)) < 0 ||
      (r = bus_dict_append_bool (message, "outdated", instance_is_before (instance))) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

static int
instance_get_text (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                   void *userdata, sd_bus_error *error)
{
  return sd_bus_message_append (reply, "s", instance_text (userdata, property));
}

static int
instance_get_number (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                     void *userdata, sd_bus_error *error)
{
  return sd_bus_message_append (reply, "t", instance_number (userdata, property));
}

static int
instance_get_small (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                    void *userdata, sd_bus_error *error)
{
  const UnitState *worker = instance_worker (userdata);

  return sd_bus_message_append (reply, "u", g_str_equal (property, "MainPID") ? worker->main_pid : worker->restarts);
}

static int
instance_get_flag (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                   void *userdata, sd_bus_error *error)
{
  return sd_bus_message_append (reply, "b", (int)instance_flag (userdata, property));
}

/* 0: the sender may; else what the method returns. */
static int
instance_authorise (Hive *hive, sd_bus_message *message, const char *worker_id, sd_bus_error *error)
{
  return authority_check (hive->authority, message, &(AuthRequest){ .action = ACTION_RUN_WORKER, .worker = worker_id },
                          NULL, error);
}

static int
instance_method_stop (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Instance *instance = userdata;
  int r = instance_authorise (instance->hive, message, instance->worker_id, error);

  if (r != 0)
    return r;
  instance_stop (instance, message);
  return 1;
}

static int
instance_method_restart (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Instance *instance = userdata;
  int r = instance_authorise (instance->hive, message, instance->worker_id, error);

  if (r != 0)
    return r;
  instance_restart (instance);
  return sd_bus_reply_method_return (message, NULL);
}

static int
instance_method_set_boot (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Instance *instance = userdata;
  g_autoptr (GError) failure = NULL;
  int boot, r;

  r = sd_bus_message_read (message, "b", &boot);
  if (r < 0)
    return r;
  r = instance_authorise (instance->hive, message, instance->worker_id, error);
  if (r != 0)
    return r;
  instance->options->boot = boot;
  if (!instance_write (instance, &failure))
    return bus_error_from_gerror (error, failure);
  instance_object_announce_change (instance);
  return sd_bus_reply_method_return (message, NULL);
}

static int
instance_method_get_key (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Instance *instance = userdata;
  g_autoptr (GError) failure = NULL;
  g_autofree char *path = NULL, *key = NULL;
  int r = instance_authorise (instance->hive, message, instance->worker_id, error);

  if (r != 0)
    return r;
  path = instance_key_file (instance);
  key = path ? file_read (path, KEY_MAX, NULL, &failure) : g_strdup ("");
  if (!key)
    return bus_error_from_gerror (error, failure);
  return sd_bus_reply_method_return (message, "s", g_strstrip (key));
}

static const sd_bus_vtable instance_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD_WITH_ARGS ("Stop", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, instance_method_stop, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("Restart", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, instance_method_restart,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("SetBoot", SD_BUS_ARGS ("b", boot), SD_BUS_NO_RESULT, instance_method_set_boot,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("GetKey", SD_BUS_NO_ARGS, SD_BUS_RESULT ("s", key), instance_method_get_key,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_PROPERTY ("Name", "s", instance_get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("WorkerId", "s", instance_get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("Version", "s", instance_get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("State", "s", instance_get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Address", "s", instance_get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("Unit", "s", instance_get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("MainPID", "u", instance_get_small, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Device", "s", instance_get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("Model", "s", instance_get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("API", "s", instance_get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("WebUI", "s", instance_get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Memory", "t", instance_get_number, 0, 0),
  SD_BUS_PROPERTY ("Since", "t", instance_get_number, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Restarts", "u", instance_get_small, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Boot", "b", instance_get_flag, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Outdated", "b", instance_get_flag, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Warning", "s", instance_get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("ErrorName", "s", instance_get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("ErrorMessage", "s", instance_get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_VTABLE_END,
};

void
instance_object_announce_new (Instance *instance)
{
  sd_bus *bus = instance->hive->bus;

  sd_bus_emit_object_added (bus, instance->path);
  sd_bus_emit_signal (bus, HIVE_PATH, HIVE_INTERFACE, "InstanceNew", "so", instance->options->name, instance->path);
}

void
instance_object_announce_change (Instance *instance)
{
  sd_bus_emit_properties_changed (instance->hive->bus, instance->path, INSTANCE_INTERFACE, "State", "Version",
                                  "MainPID", "Since", "Restarts", "Boot", "Outdated", "API", "WebUI", "Warning",
                                  "ErrorName", "ErrorMessage", NULL);
}

void
instance_object_announce_removed (const Instance *instance)
{
  sd_bus *bus = instance->hive->bus;

  sd_bus_emit_interfaces_removed (bus, instance->path, INSTANCE_INTERFACE, NULL);
  sd_bus_emit_signal (bus, HIVE_PATH, HIVE_INTERFACE, "InstanceRemoved", "so", instance->options->name, instance->path);
}

/* A start that waits until its model is found. */
typedef struct
{
  Hive *hive;
  sd_bus_message *message;
  char *worker_id;
  InstanceOptions *options;
} InstanceStart;

static void
start_free (InstanceStart *start)
{
  sd_bus_message_unref (start->message);
  instance_options_free (start->options);
  g_free (start->worker_id);
  g_free (start);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (InstanceStart, start_free)

static void
start_on_model (JsonObject *found, const GError *failure, void *userdata)
{
  g_autoptr (InstanceStart) start = userdata;
  Instances *instances = start->hive->instances;
  g_autoptr (GError) error = failure ? g_error_copy (failure) : NULL;
  g_autoptr (InstanceModel) model = found ? instance_model_new (found, &error) : NULL;

  /* Another one may have taken its name, its address or its model meanwhile. */
  if (model && models_check_stays (start->hive, model->name, model->path, &error) &&
      instances_check_start (instances, start->worker_id, start->options, &error))
    instances_begin (instances, start->worker_id, g_steal_pointer (&start->options), g_steal_pointer (&model),
                     start->message);
  else
    bus_reply_gerror (start->message, error);
}

static int
manager_method_start_worker (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Hive *hive = userdata;
  g_autoptr (InstanceOptions) options = NULL;
  g_autoptr (GError) failure = NULL;
  const char *worker_id;
  InstanceStart *start;
  int r;

  r = sd_bus_message_read (message, "s", &worker_id);
  if (r < 0)
    return r;
  if (!worker_id_check (worker_id, &failure))
    return bus_error_from_gerror (error, failure);
  r = instance_options_read (message, worker_id, &options, error);
  if (r < 0)
    return r;
  if (!instances_check_start (hive->instances, worker_id, options, &failure))
    return bus_error_from_gerror (error, failure);
  r = instance_authorise (hive, message, worker_id, error);
  if (r != 0)
    return r;
  if (!options->model)
    {
      instances_begin (hive->instances, worker_id, g_steal_pointer (&options), NULL, message);
      return 1;
    }
  start = g_new0 (InstanceStart, 1);
  start->hive = hive;
  start->message = sd_bus_message_ref (message);
  start->worker_id = g_strdup (worker_id);
  start->options = g_steal_pointer (&options);
  if (models_find (hive, start->options->model, callers_uid (hive->callers, message), start_on_model, start, &failure))
    return 1;
  start_free (start);
  return bus_error_from_gerror (error, failure);
}

static int
manager_method_stop_instance (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Hive *hive = userdata;
  g_autoptr (GError) failure = NULL;
  Instance *instance;
  const char *name;
  int r;

  r = sd_bus_message_read (message, "s", &name);
  if (r < 0)
    return r;
  instance = instances_find (hive->instances, name, &failure);
  if (!instance)
    return bus_error_from_gerror (error, failure);
  return instance_method_stop (message, instance, error);
}

static int
manager_method_list_instances (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Hive *hive = userdata;
  g_auto (GStrv) names = instances_names (hive->instances);
  sd_bus_message *reply = NULL;
  int r = sd_bus_message_new_method_return (message, &reply);

  if (r >= 0)
    r = sd_bus_message_open_container (reply, 'a', "a{sv}");
  for (char **name = names; r >= 0 && *name; name++)
    r = instance_append (reply, instances_find (hive->instances, *name, NULL));
  return bus_reply_send_list (reply, r);
}

static const sd_bus_vtable manager_instances_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD_WITH_ARGS ("StartWorker", SD_BUS_ARGS ("s", worker_id, "a{sv}", options), SD_BUS_RESULT ("o", instance),
                           manager_method_start_worker, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("StopInstance", SD_BUS_ARGS ("s", name), SD_BUS_NO_RESULT, manager_method_stop_instance,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("ListInstances", SD_BUS_NO_ARGS, SD_BUS_RESULT ("aa{sv}", instances),
                           manager_method_list_instances, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_SIGNAL_WITH_ARGS ("InstanceNew", SD_BUS_ARGS ("s", name, "o", instance), 0),
  SD_BUS_SIGNAL_WITH_ARGS ("InstanceRemoved", SD_BUS_ARGS ("s", name, "o", instance), 0),
  SD_BUS_VTABLE_END,
};

static int
instance_find (sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
               sd_bus_error *error)
{
  Hive *hive = userdata;
  char *name = NULL;
  int r = sd_bus_path_decode (path, INSTANCE_PREFIX, &name);

  if (r <= 0)
    return r;
  *ret_found = instances_find (hive->instances, name, NULL);
  free (name);
  return *ret_found != NULL;
}

static int
instance_enumerate (sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *error)
{
  Hive *hive = userdata;
  g_auto (GStrv) names = instances_names (hive->instances);

  return bus_nodes (INSTANCE_PREFIX, names, ret_nodes);
}

int
instance_object_publish (Hive *hive)
{
  int r;

  if ((r = sd_bus_add_object_vtable (hive->bus, NULL, HIVE_PATH, HIVE_INTERFACE, manager_instances_vtable, hive)) < 0 ||
      (r = sd_bus_add_fallback_vtable (hive->bus, NULL, INSTANCE_PREFIX, INSTANCE_INTERFACE, instance_vtable,
                                       instance_find, hive)) < 0)
    return r;
  return sd_bus_add_node_enumerator (hive->bus, NULL, INSTANCE_PREFIX, instance_enumerate, hive);
}
