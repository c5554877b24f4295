/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instances.h"

#include <stdlib.h>
#include <string.h>

#include "bus-owner.h"
#include "error.h"
#include "instance-life.h"
#include "instance-object.h"
#include "instance-start.h"
#include "registry.h"

#define SYSTEMD       "org.freedesktop.systemd1"
#define INSTANCES_MAX 64

struct Instances
{
  Hive *hive;
  GHashTable *all; /* of Instance, by name */
  sd_bus_slot *systemd_slot, *version_slot;
  unsigned systemd_version;
};

static void
instances_add (Instances *instances, Instance *instance)
{
  instance_follow (instance);
  g_hash_table_insert (instances->all, instance->options->name, instance);
}

/* "257.9-1~deb13u1", in other distributions "v257.9" */
static int
instances_on_version (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Instances *instances = userdata;
  const char *version;

  if (!sd_bus_message_is_method_error (message, NULL) && sd_bus_message_read (message, "v", "s", &version) >= 0)
    instances->systemd_version = (unsigned)strtoul (version + strcspn (version, G_CSET_DIGITS), NULL, 10);
  return 0;
}

static void
instances_ask_version (Instances *instances)
{
  instances->version_slot = sd_bus_slot_unref (instances->version_slot);
  sd_bus_call_method_async (instances->hive->bus, &instances->version_slot, SYSTEMD, "/org/freedesktop/systemd1",
                            "org.freedesktop.DBus.Properties", "Get", instances_on_version, instances, "ss",
                            "org.freedesktop.systemd1.Manager", "Version");
}

unsigned
instances_systemd_version (const Instances *instances)
{
  return instances->systemd_version;
}

/* systemd was re-executed, and may have said something in between, and be another. */
static int
instances_on_owner (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Instances *instances = userdata;
  GHashTableIter each;
  void *instance;

  if (!bus_sent (message))
    return 0;
  instances_ask_version (instances);
  g_hash_table_iter_init (&each, instances->all);
  while (g_hash_table_iter_next (&each, NULL, &instance))
    for (InstanceUnitKind kind = INSTANCE_SOCKET; kind < INSTANCE_UNITS; kind++)
      instance_unit_ask (((Instance *)instance)->units[kind]);
  return 0;
}

void
instances_remove (Instances *instances, const Instance *instance)
{
  g_hash_table_remove (instances->all, instance->options->name);
}

char *
instances_user_of_model (Instances *instances, const char *path)
{
  GHashTableIter each;
  void *found;

  g_hash_table_iter_init (&each, instances->all);
  while (g_hash_table_iter_next (&each, NULL, &found))
    {
      const Instance *instance = found;

      if (instance->model && instance->goal != INSTANCE_REMOVE && instance_model_has (instance->model, path))
        return g_strdup (instance->options->name);
    }
  return NULL;
}

Instances *
instances_new (Hive *hive)
{
  Instances *instances = g_new0 (Instances, 1);

  instances->hive = hive;
  instances->all = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)instance_free);
  sd_bus_add_match_async (hive->bus, &instances->systemd_slot,
                          "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',"
                          "arg0='" SYSTEMD "'",
                          instances_on_owner, NULL, instances);
  instances_ask_version (instances);
  return instances;
}

void
instances_free (Instances *instances)
{
  if (!instances)
    return;
  sd_bus_slot_unref (instances->systemd_slot);
  sd_bus_slot_unref (instances->version_slot);
  g_hash_table_unref (instances->all);
  g_free (instances);
}

void
instances_start (Instances *instances)
{
  g_autofree char *folder = configuration_state_path (instances->hive->configuration, "instances", NULL);
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  const char *file;

  while (directory && (file = g_dir_read_name (directory)))
    {
      g_autofree char *name =
          g_str_has_suffix (file, ".json") ? g_strndup (file, strlen (file) - strlen (".json")) : NULL;
      g_autoptr (GError) error = NULL;
      const WorkerRecord *record;
      Instance *instance;

      if (!name || !instance_name_is_valid (name))
        continue;
      instance = instance_read (instances->hive, name, &error);
      if (!instance || !g_str_equal (instance->options->name, name))
        {
          g_warning ("An instance is passed over: %s", error ? error->message : file);
          instance_free (instance);
          continue;
        }
      record = registry_get (instances->hive->registry, instance->worker_id, NULL);
      if (record)
        instance_look_up (instance, record, NULL);
      instance->announced = true;
      instances_add (instances, instance);
    }
}

Instance *
instances_find (Instances *instances, const char *name, GError **error)
{
  Instance *instance = g_hash_table_lookup (instances->all, name);
  g_autofree char *shown = NULL;

  if (instance && instance->announced)
    return instance;
  shown = g_utf8_make_valid (name, MIN (strlen (name), 100));
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_NOT_RUNNING, "There is no instance %s", shown);
  return NULL;
}

char **
instances_names (Instances *instances)
{
  g_autoptr (GList) names = g_list_sort (g_hash_table_get_keys (instances->all), (GCompareFunc)strcmp);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (GList *name = names; name; name = name->next)
    if (instances_find (instances, name->data, NULL))
      g_strv_builder_add (builder, name->data);
  return g_strv_builder_end (builder);
}

const Instance *
instances_of_worker (Instances *instances, const char *worker_id)
{
  GHashTableIter each;
  void *found;

  g_hash_table_iter_init (&each, instances->all);
  while (g_hash_table_iter_next (&each, NULL, &found))
    {
      const Instance *instance = found;

      if (g_str_equal (instance->worker_id, worker_id) && instance->goal != INSTANCE_REMOVE)
        return instance;
    }
  return NULL;
}

void
instances_announce_replaced (Instances *instances, const char *worker_id)
{
  GHashTableIter each;
  void *found;

  g_hash_table_iter_init (&each, instances->all);
  while (g_hash_table_iter_next (&each, NULL, &found))
    {
      Instance *instance = found;

      if (instance->announced && g_str_equal (instance->worker_id, worker_id))
        instance_object_announce_change (instance);
    }
}

bool
instances_check_unused (Instances *instances, const char *worker_id, GError **error)
{
  const Instance *instance = instances_of_worker (instances, worker_id);

  if (instance)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_IN_USE, "The instance %s runs %s: stop it first",
                 instance->options->name, worker_id);
  return !instance;
}

static bool
instances_check_address (const Instances *instances, const InstanceOptions *options, GError **error)
{
  GHashTableIter each;
  void *found;

  g_hash_table_iter_init (&each, instances->all);
  while (g_hash_table_iter_next (&each, NULL, &found))
    {
      const InstanceOptions *other = ((Instance *)found)->options;

      if (instance_options_are_unix (options) || !g_str_equal (other->listen, options->listen))
        continue;
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_ADDRESS_IN_USE, "The instance %s listens on %s", other->name,
                   options->listen);
      return false;
    }
  return true;
}

bool
instances_check_start (Instances *instances, const char *worker_id, const InstanceOptions *options, GError **error)
{
  const WorkerRecord *record = registry_get (instances->hive->registry, worker_id, error);

  if (!record || !hive_check_stays (instances->hive, worker_id, error))
    return false;
  if (!hive_runs_workers (instances->hive))
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                         "Workers are run by systemd, and this hive was started without it");
  else if (g_hash_table_contains (instances->all, options->name))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_IN_USE,
                 "There is an instance %s already: option name gives this one another name", options->name);
  else if (g_hash_table_size (instances->all) >= INSTANCES_MAX)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED, "There are %d instances, which is the most: stop one",
                 INSTANCES_MAX);
  else
    return instances_check_address (instances, options, error) &&
           instance_check_options (instances->hive, record, options, error);
  return false;
}

void
instances_begin (Instances *instances, const char *worker_id, InstanceOptions *options, InstanceModel *model,
                 sd_bus_message *message)
{
  Instance *instance = instance_new (instances->hive, worker_id, options, model);

  instance->start = sd_bus_message_ref (message);
  instance->version = registry_version (instances->hive->registry, worker_id);
  instances_add (instances, instance);
  /* What another hive, or an administrator, left under the name is not kept. */
  instance_begin (instance);
}

bool
instances_are_idle (const Instances *instances)
{
  GHashTableIter each;
  void *found;

  g_hash_table_iter_init (&each, instances->all);
  while (g_hash_table_iter_next (&each, NULL, &found))
    {
      const Instance *instance = found;

      if (instance->state == INSTANCE_STARTING || instance->state == INSTANCE_STOPPING || instance->lines)
        return false;
    }
  return true;
}
