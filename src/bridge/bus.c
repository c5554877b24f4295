/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus.h"

#include <errno.h>
#include <string.h>

#include "bus-owner.h"
#include "events.h"

#define RETRY_FIRST  (G_USEC_PER_SEC / 10)
#define RETRY_MOST   (5 * G_USEC_PER_SEC)
#define CALL_TIMEOUT (90 * G_USEC_PER_SEC) /* the hive may ask a catalog */
#define CALLS_MAX    64                    /* at once; dbus-daemon allows 128 */

/* What is listened to: objects of the hive, and whether there is one. */
static const char *const matches[] = {
  "type='signal',sender='" HIVE_NAME "',interface='" HIVE_INTERFACE "'",
  "type='signal',sender='" HIVE_NAME "',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',"
  "path_namespace='" HIVE_PATH "/job'",
  "type='signal',sender='" HIVE_NAME "',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',"
  "path_namespace='" HIVE_PATH "/instance'",
  "type='signal',sender='" HIVE_NAME "',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',"
  "path_namespace='" WORKER_PREFIX "'",
  "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" HIVE_NAME "'",
};

/* A call that waits to be sent, or for its answer. */
struct BusCall
{
  Bus *bus;
  GList link;        /* in bus->waiting or bus->sent */
  BusCall **place;   /* where its caller keeps it */
  sd_bus_slot *slot; /* NULL: waits to be sent */
  sd_bus_message *message;
  BusReply handler;
  void *userdata;
};

struct Bus
{
  Bridge *bridge;
  char *address;
  sd_bus *bus;    /* NULL: broken off */
  BusOwner *hive; /* while it is listened to */
  sd_bus_slot *slots[G_N_ELEMENTS (matches)];
  unsigned listeners;
  GQueue waiting, sent; /* BusCall */
  uint64_t retry;       /* µs until the next try */
  sd_event_source *timer;
};

static void bus_connect (Bus *bus);

static int
bus_on_timer (sd_event_source *source, uint64_t usec, void *userdata)
{
  Bus *bus = userdata;

  bus->timer = sd_event_source_disable_unref (bus->timer);
  bus_connect (bus);
  return 0;
}

static void bus_forget (Bus *bus);

static void
bus_connect_later (Bus *bus)
{
  bus_forget (bus);
  if (bus->timer)
    return;
  sd_event_add_time_relative (bus->bridge->event, &bus->timer, CLOCK_MONOTONIC, bus->retry, G_USEC_PER_SEC / 100,
                              bus_on_timer, bus);
  bus->retry = MIN (bus->retry * 2, RETRY_MOST);
}

static int
bus_on_disconnected (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Bus *bus = userdata;

  g_message ("Lost the bus connection, reconnecting");
  events_hive_gone (bus->bridge->events);
  bus_connect_later (bus);
  return 0;
}

static int
bus_on_hello (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Bus *bus = userdata;

  if (sd_bus_message_is_method_error (message, NULL))
    return 0;
  bus->retry = RETRY_FIRST;
  events_hive_here (bus->bridge->events);
  return 0;
}

static int
bus_on_signal (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Bus *bus = userdata;

  if (bus_owner_sent (bus->hive, message) || bus_sent (message))
    events_take (bus->bridge->events, message);
  return 0;
}

static int
bus_open (Bus *bus)
{
  int r;

  if (!bus->address)
    return sd_bus_open_system (&bus->bus);
  if ((r = sd_bus_new (&bus->bus)) < 0 || (r = sd_bus_set_address (bus->bus, bus->address)) < 0 ||
      (r = sd_bus_set_bus_client (bus->bus, true)) < 0)
    return r;
  return sd_bus_start (bus->bus);
}

static void
bus_match (Bus *bus)
{
  g_clear_pointer (&bus->hive, bus_owner_free);
  if (bus->bus && bus->listeners > 0 && bus_owner_new (&bus->hive, bus->bus, HIVE_NAME) < 0)
    g_warning ("The bus does not say who the hive is: no events");
  for (gsize i = 0; i < G_N_ELEMENTS (matches); i++)
    {
      bus->slots[i] = sd_bus_slot_unref (bus->slots[i]);
      if (bus->hive)
        sd_bus_add_match_async (bus->bus, &bus->slots[i], matches[i], bus_on_signal, NULL, bus);
    }
}

static void
bus_connect (Bus *bus)
{
  int r = bus_open (bus);

  if (r >= 0)
    r = sd_bus_match_signal_async (bus->bus, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                   "org.freedesktop.DBus.Local", "Disconnected", bus_on_disconnected, NULL, bus);
  if (r >= 0)
    r = sd_bus_attach_event (bus->bus, bus->bridge->event, SD_EVENT_PRIORITY_NORMAL);
  /* Answered once the connection stands. */
  if (r >= 0)
    r = sd_bus_call_method_async (bus->bus, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                  "org.freedesktop.DBus", "GetId", bus_on_hello, bus, "");
  if (r < 0)
    {
      if (bus->retry == RETRY_FIRST)
        g_message ("No bus: %s; looking for it again", g_strerror (-r));
      bus_connect_later (bus);
      return;
    }
  bus_match (bus);
}

Bus *
bus_new (Bridge *bridge, const char *address)
{
  Bus *bus = g_new0 (Bus, 1);

  bus->bridge = bridge;
  bus->address = g_strdup (address);
  bus->retry = RETRY_FIRST;
  bus_connect (bus);
  return bus;
}

void
bus_free (Bus *bus)
{
  if (!bus)
    return;
  bus_forget (bus);
  sd_event_source_disable_unref (bus->timer);
  g_free (bus->address);
  g_free (bus);
}

sd_bus_message *
bus_new_call (Bus *bus, const char *path, const char *interface, const char *member, Problem **ret_problem)
{
  sd_bus_message *message = NULL;

  if (!bus->bus || sd_bus_is_open (bus->bus) <= 0 ||
      sd_bus_message_new_method_call (bus->bus, &message, HIVE_NAME, path, interface, member) < 0)
    {
      *ret_problem = problem_new_unreachable ("there is no bus");
      return NULL;
    }
  return message;
}

static void
bus_call_free (BusCall *call)
{
  g_queue_unlink (call->slot ? &call->bus->sent : &call->bus->waiting, &call->link);
  if (call->place)
    *call->place = NULL;
  sd_bus_slot_unref (call->slot);
  sd_bus_message_unref (call->message);
  g_free (call);
}

static void
bus_call_answer (BusCall *call, sd_bus_message *reply)
{
  BusReply handler = call->handler;
  void *userdata = call->userdata;

  bus_call_free (call);
  handler (reply, userdata);
}

/* Nobody answers what was asked. */
static void
bus_forget (Bus *bus)
{
  for (gsize i = 0; i < G_N_ELEMENTS (matches); i++)
    bus->slots[i] = sd_bus_slot_unref (bus->slots[i]);
  g_clear_pointer (&bus->hive, bus_owner_free);
  if (bus->bus)
    sd_bus_detach_event (bus->bus);
  bus->bus = sd_bus_close_unref (bus->bus);
  while (bus->sent.length > 0)
    bus_call_answer (bus->sent.head->data, NULL);
  while (bus->waiting.length > 0)
    bus_call_answer (bus->waiting.head->data, NULL);
}

static void bus_send_waiting (Bus *bus);

static int
bus_on_reply (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  BusCall *call = userdata;
  Bus *bus = call->bus;

  bus_call_answer (call, reply);
  bus_send_waiting (bus);
  return 0;
}

static void
bus_send_waiting (Bus *bus)
{
  while (bus->bus && bus->sent.length < CALLS_MAX && bus->waiting.length > 0)
    {
      BusCall *call = bus->waiting.head->data;
      int r = sd_bus_call_async (bus->bus, &call->slot, call->message, bus_on_reply, call, CALL_TIMEOUT);

      if (r < 0)
        {
          bus_call_answer (call, NULL);
          continue;
        }
      g_queue_unlink (&bus->waiting, &call->link);
      g_queue_push_tail_link (&bus->sent, &call->link);
    }
}

void
bus_send (Bus *bus, BusCall **place, sd_bus_message *message, BusReply handler, void *userdata)
{
  BusCall *call = g_new0 (BusCall, 1);

  call->bus = bus;
  call->link.data = call;
  call->place = place;
  call->message = message;
  call->handler = handler;
  call->userdata = userdata;
  if (place)
    *place = call;
  g_queue_push_tail_link (&bus->waiting, &call->link);
  bus_send_waiting (bus);
}

void
bus_call_cancel (BusCall *call)
{
  Bus *bus = call ? call->bus : NULL;

  if (!call)
    return;
  bus_call_free (call);
  /* Its answer still counts on the bus, and will come. */
  bus_send_waiting (bus);
}

bool
bus_reply_failed (sd_bus_message *reply)
{
  return !reply || sd_bus_message_is_method_error (reply, NULL);
}

void
bus_listen (Bus *bus, bool on)
{
  unsigned before = bus->listeners;

  bus->listeners = on ? before + 1 : before - 1;
  if (before == 0 || bus->listeners == 0)
    bus_match (bus);
}
