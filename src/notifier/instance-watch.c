/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance-watch.h"

#include <stdlib.h>

#include "bus-owner.h"
#include "names.h"

struct InstanceWatch
{
  sd_bus *bus;
  InstanceWatchChanged changed;
  void *userdata;
  BusOwner *owner;
  sd_bus_slot *new, *removed, *properties;
  GPtrArray *instances;
};

GPtrArray *
instance_watch_list (const InstanceWatch *watch)
{
  return watch->instances;
}

static WatchedInstance *
instance_watch_find (const InstanceWatch *watch, const char *name)
{
  for (guint i = 0; i < watch->instances->len; i++)
    if (g_strcmp0 (((WatchedInstance *)watch->instances->pdata[i])->name, name) == 0)
      return watch->instances->pdata[i];
  return NULL;
}

/* Takes one that is new, or known and told of again. */
static void
instance_watch_take (InstanceWatch *watch, WatchedInstance *said)
{
  WatchedInstance *known = instance_watch_find (watch, said->name);

  if (!known)
    {
      g_ptr_array_add (watch->instances, said);
      return;
    }
  g_free (known->state);
  known->state = g_steal_pointer (&said->state);
  watched_instance_free (said);
}

/* A call of the hive, which does not start it. */
static int
instance_watch_call (InstanceWatch *watch, const char *path, const char *interface, const char *member,
                     const char *argument, sd_bus_message_handler_t answer)
{
  sd_bus_message *call = NULL;
  int r = sd_bus_message_new_method_call (watch->bus, &call, HIVE_NAME, path, interface, member);

  if (r >= 0)
    r = sd_bus_message_set_auto_start (call, false);
  if (r >= 0 && argument)
    r = sd_bus_message_append (call, "s", argument);
  if (r >= 0)
    r = sd_bus_call_async (watch->bus, NULL, call, answer, watch, 0);
  sd_bus_message_unref (call);
  return r < 0 ? r : 0;
}

static int
instance_watch_on_list (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  InstanceWatch *watch = userdata;
  int r;

  if (sd_bus_message_is_method_error (reply, NULL))
    return 0;
  g_ptr_array_set_size (watch->instances, 0);
  if ((r = sd_bus_message_enter_container (reply, 'a', "a{sv}")) < 0)
    return r;
  while ((r = sd_bus_message_at_end (reply, false)) == 0)
    {
      g_autoptr (WatchedInstance) instance = g_new0 (WatchedInstance, 1);

      if ((r = watched_instance_read (instance, reply)) < 0)
        return r;
      if (instance->name)
        instance_watch_take (watch, g_steal_pointer (&instance));
    }
  watch->changed (watch->userdata);
  return r < 0 ? r : 0;
}

static void
instance_watch_on_owner (const char *unique, void *userdata)
{
  if (unique)
    instance_watch_call (userdata, HIVE_PATH, HIVE_INTERFACE, "ListInstances", NULL, instance_watch_on_list);
}

static int
instance_watch_on_properties_of_new (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  g_autoptr (WatchedInstance) instance = g_new0 (WatchedInstance, 1);
  InstanceWatch *watch = userdata;
  int r;

  if (sd_bus_message_is_method_error (reply, NULL))
    return 0;
  if ((r = watched_instance_read (instance, reply)) < 0)
    return r;
  if (!instance->name)
    return 0;
  instance_watch_take (watch, g_steal_pointer (&instance));
  watch->changed (watch->userdata);
  return 0;
}

static int
instance_watch_on_new (sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
  InstanceWatch *watch = userdata;
  const char *path;
  int r;

  if (!bus_owner_sent (watch->owner, signal))
    return 0;
  if ((r = sd_bus_message_read (signal, "so", NULL, &path)) < 0)
    return r;
  return instance_watch_call (watch, path, "org.freedesktop.DBus.Properties", "GetAll", INSTANCE_INTERFACE,
                              instance_watch_on_properties_of_new);
}

static int
instance_watch_on_removed (sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
  InstanceWatch *watch = userdata;
  const char *name;
  int r;

  if (!bus_owner_sent (watch->owner, signal))
    return 0;
  if ((r = sd_bus_message_read (signal, "so", &name, NULL)) < 0)
    return r;
  g_ptr_array_remove (watch->instances, instance_watch_find (watch, name));
  watch->changed (watch->userdata);
  return 0;
}

static int
instance_watch_on_properties (sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
  InstanceWatch *watch = userdata;
  WatchedInstance *instance;
  char *name = NULL;
  int r;

  if (!bus_owner_sent (watch->owner, signal) ||
      sd_bus_path_decode (sd_bus_message_get_path (signal), INSTANCE_PREFIX, &name) <= 0)
    return 0;
  instance = instance_watch_find (watch, name);
  free (name);
  if (!instance)
    return 0;
  if ((r = sd_bus_message_skip (signal, "s")) < 0 || (r = watched_instance_read (instance, signal)) < 0)
    return r;
  watch->changed (watch->userdata);
  return 0;
}

#define FROM_THE_HIVE "type='signal',sender='" HIVE_NAME "',path='" HIVE_PATH "',interface='" HIVE_INTERFACE "',member="
#define OF_AN_INSTANCE                                                                                                 \
  "type='signal',sender='" HIVE_NAME "',path_namespace='" INSTANCE_PREFIX                                              \
  "',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',arg0='" INSTANCE_INTERFACE "'"

int
instance_watch_new (InstanceWatch **ret, sd_bus *bus, InstanceWatchChanged changed, void *userdata)
{
  g_autoptr (InstanceWatch) watch = g_new0 (InstanceWatch, 1);
  int r;

  watch->bus = sd_bus_ref (bus);
  watch->changed = changed;
  watch->userdata = userdata;
  watch->instances = g_ptr_array_new_with_free_func ((GDestroyNotify)watched_instance_free);
  if ((r = bus_owner_new (&watch->owner, bus, HIVE_NAME)) < 0 ||
      (r = sd_bus_add_match_async (bus, &watch->new, FROM_THE_HIVE "'InstanceNew'", instance_watch_on_new, NULL,
                                   watch)) < 0 ||
      (r = sd_bus_add_match_async (bus, &watch->removed, FROM_THE_HIVE "'InstanceRemoved'", instance_watch_on_removed,
                                   NULL, watch)) < 0 ||
      (r = sd_bus_add_match_async (bus, &watch->properties, OF_AN_INSTANCE, instance_watch_on_properties, NULL,
                                   watch)) < 0)
    return r;
  bus_owner_watch (watch->owner, instance_watch_on_owner, watch);
  *ret = g_steal_pointer (&watch);
  return 0;
}

void
instance_watch_free (InstanceWatch *watch)
{
  if (!watch)
    return;
  bus_owner_free (watch->owner);
  sd_bus_slot_unref (watch->new);
  sd_bus_slot_unref (watch->removed);
  sd_bus_slot_unref (watch->properties);
  sd_bus_unref (watch->bus);
  g_ptr_array_unref (watch->instances);
  g_free (watch);
}
