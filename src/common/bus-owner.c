/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-owner.h"

struct BusOwner
{
  char *unique; /* NULL: nobody, or not known yet */
  sd_bus_slot *changes, *call;
  BusOwnerChanged changed;
  void *userdata;
};

bool
bus_sent (sd_bus_message *message)
{
  return g_strcmp0 (sd_bus_message_get_sender (message), "org.freedesktop.DBus") == 0;
}

static void
bus_owner_set (BusOwner *owner, const char *unique)
{
  g_free (owner->unique);
  owner->unique = *unique ? g_strdup (unique) : NULL;
  if (owner->changed)
    owner->changed (owner->unique, owner->userdata);
}

static int
bus_owner_on_change (sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
  const char *now;
  int r;

  if (!bus_sent (signal))
    return 0;
  r = sd_bus_message_read (signal, "sss", NULL, NULL, &now);
  if (r >= 0)
    bus_owner_set (userdata, now);
  return r < 0 ? r : 0;
}

static int
bus_owner_on_answer (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  const char *now;

  if (!sd_bus_message_is_method_error (reply, NULL) && sd_bus_message_read (reply, "s", &now) >= 0)
    bus_owner_set (userdata, now);
  return 0;
}

int
bus_owner_new (BusOwner **ret, sd_bus *bus, const char *name)
{
  g_autoptr (BusOwner) owner = g_new0 (BusOwner, 1);
  g_autofree char *match = g_strdup_printf ("type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                                            "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='%s'",
                                            name);
  int r;

  if ((r = sd_bus_add_match_async (bus, &owner->changes, match, bus_owner_on_change, NULL, owner)) < 0 ||
      (r = sd_bus_call_method_async (bus, &owner->call, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                     "org.freedesktop.DBus", "GetNameOwner", bus_owner_on_answer, owner, "s", name)) <
          0)
    return r;
  *ret = g_steal_pointer (&owner);
  return 0;
}

void
bus_owner_watch (BusOwner *owner, BusOwnerChanged changed, void *userdata)
{
  owner->changed = changed;
  owner->userdata = userdata;
}

const char *
bus_owner_unique (const BusOwner *owner)
{
  return owner->unique;
}

void
bus_owner_free (BusOwner *owner)
{
  if (!owner)
    return;
  sd_bus_slot_unref (owner->changes);
  sd_bus_slot_unref (owner->call);
  g_free (owner->unique);
  g_free (owner);
}

bool
bus_owner_sent (const BusOwner *owner, sd_bus_message *message)
{
  return owner->unique && g_strcmp0 (sd_bus_message_get_sender (message), owner->unique) == 0;
}
