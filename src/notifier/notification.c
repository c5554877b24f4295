/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notification.h"

#include <glib/gi18n.h>
#include <string.h>

#include "bus-owner.h"
#include "desktop-names.h"

#define NAME      "org.freedesktop.Notifications"
#define PATH      "/org/freedesktop/Notifications"
#define FROM_THEM "type='signal',sender='" NAME "',path='" PATH "',interface='" NAME "'"

/* A server shows a few lines; what it does with megabytes is not to be learned. */
#define LONGEST_TEXT 1000

#define CLOSED_BY_PERSON 2

struct NotificationServer
{
  sd_bus *bus;
  NotificationHandler handler;
  NotificationShown shown;
  void *userdata;
  BusOwner *owner;
  sd_bus_slot *signals, *question;
  bool known, has_body, has_markup, has_actions;
  uint32_t token_of; /* whose activation token comes before its action */
  char *token;
  GPtrArray *notifications;
};

struct Notification
{
  NotificationServer *server;
  char *about, *summary, *body;
  const char *const *actions;
  bool failure;
  uint32_t id;       /* 0: not shown yet */
  sd_bus_slot *call; /* under way; what was changed meanwhile is shown after it */
  bool wanted, closing;
};

static void
notification_destroy (void *data)
{
  Notification *notification = data;

  sd_bus_slot_unref (notification->call);
  g_free (notification->about);
  g_free (notification->summary);
  g_free (notification->body);
  g_free (notification);
}

Notification *
notification_new (NotificationServer *server, const char *about)
{
  Notification *notification = g_new0 (Notification, 1);

  notification->server = server;
  notification->about = g_strdup (about);
  g_ptr_array_add (server->notifications, notification);
  return notification;
}

void
notification_free (Notification *notification)
{
  g_ptr_array_remove (notification->server->notifications, notification);
}

const char *
notification_about (const Notification *notification)
{
  return notification->about;
}

/* @text, not too long for a server, and good UTF-8. */
static char *
notification_shorten (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text ? text : "", -1);
  gsize length = strlen (valid);

  if (length <= LONGEST_TEXT)
    return g_steal_pointer (&valid);
  *g_utf8_find_prev_char (valid, valid + LONGEST_TEXT) = 0;
  return g_strconcat (valid, "…", NULL);
}

void
notification_set (Notification *notification, const char *summary, const char *body, bool failure,
                  const char *const *actions)
{
  g_free (notification->summary);
  g_free (notification->body);
  notification->summary = notification_shorten (summary);
  notification->body = notification_shorten (body);
  notification->failure = failure;
  notification->actions = actions;
}

static int
notification_append_actions (const Notification *notification, sd_bus_message *call)
{
  bool wanted = notification->server->has_actions && notification->actions;
  int r = sd_bus_message_open_container (call, 'a', "s");

  for (const char *const *action = notification->actions; r >= 0 && wanted && *action; action += 2)
    r = sd_bus_message_append (call, "ss", action[0], *action[1] ? _ (action[1]) : "");
  return r < 0 ? r : sd_bus_message_close_container (call);
}

/* The desktop mutes us by the name of our entry. */
static int
notification_append_hints (const Notification *notification, sd_bus_message *call)
{
  return sd_bus_message_append (call, "a{sv}", 3, "desktop-entry", "s", DESKTOP_ENTRY, "urgency", "y", 1, "category",
                                "s", notification->failure ? "transfer.error" : "transfer.complete");
}

static void notification_send (Notification *notification);

static int
notification_on_shown (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  Notification *notification = userdata;

  notification->call = sd_bus_slot_unref (notification->call);
  if (sd_bus_message_is_method_error (reply, NULL) || sd_bus_message_read (reply, "u", &notification->id) < 0)
    notification->id = 0;
  if (notification->id)
    notification->server->shown (notification, notification->server->userdata);
  if (notification->closing)
    notification_close (notification);
  else if (notification->wanted && notification->id)
    notification_send (notification);
  return 0;
}

/* Where there is no room for a body the summary has it all. */
static void
notification_send (Notification *notification)
{
  const NotificationServer *server = notification->server;
  bool whole = server->has_body || !*notification->body;
  g_autofree char *summary =
      whole ? g_strdup (notification->summary) : g_strdup_printf ("%s: %s", notification->summary, notification->body);
  g_autofree char *body =
      server->has_markup ? g_markup_escape_text (notification->body, -1) : g_strdup (notification->body);
  sd_bus_message *call = NULL;

  notification->wanted = false;
  if (sd_bus_message_new_method_call (server->bus, &call, NAME, PATH, NAME, "Notify") >= 0 &&
      sd_bus_message_append (call, "susss", _ ("rbee-hive"), notification->id, DESKTOP_ENTRY, summary,
                             server->has_body ? body : "") >= 0 &&
      notification_append_actions (notification, call) >= 0 && notification_append_hints (notification, call) >= 0 &&
      sd_bus_message_append (call, "i", -1) >= 0)
    sd_bus_call_async (server->bus, &notification->call, call, notification_on_shown, notification, 0);
  sd_bus_message_unref (call);
}

static int
server_on_capabilities (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  NotificationServer *server = userdata;
  const char *name;

  server->question = sd_bus_slot_unref (server->question);
  server->known = !sd_bus_message_is_method_error (reply, NULL) && sd_bus_message_enter_container (reply, 'a', "s") > 0;
  server->has_body = server->has_markup = server->has_actions = false;
  while (server->known && sd_bus_message_read (reply, "s", &name) > 0)
    {
      server->has_body |= g_str_equal (name, "body");
      server->has_markup |= g_str_equal (name, "body-markup");
      server->has_actions |= g_str_equal (name, "actions");
    }
  for (guint i = 0; i < server->notifications->len; i++)
    {
      Notification *notification = server->notifications->pdata[i];

      if (server->known && notification->wanted)
        notification_send (notification);
      notification->wanted = false;
    }
  return 0;
}

void
notification_show (Notification *notification)
{
  NotificationServer *server = notification->server;

  notification->wanted = true;
  if (server->known && !notification->call)
    notification_send (notification);
  else if (!server->known && !server->question)
    sd_bus_call_method_async (server->bus, &server->question, NAME, PATH, NAME, "GetCapabilities",
                              server_on_capabilities, server, NULL);
}

void
notification_close (Notification *notification)
{
  if (notification->call)
    {
      notification->closing = true;
      return;
    }
  if (notification->id)
    sd_bus_call_method_async (notification->server->bus, NULL, NAME, PATH, NAME, "CloseNotification", NULL, NULL, "u",
                              notification->id);
  notification_free (notification);
}

/* Another server knows nothing of what this one showed. */
static void
server_on_owner (const char *unique, void *userdata)
{
  NotificationServer *server = userdata;

  server->known = false;
  for (guint i = 0; i < server->notifications->len; i++)
    ((Notification *)server->notifications->pdata[i])->id = 0;
}

static Notification *
server_find (const NotificationServer *server, uint32_t id)
{
  for (guint i = 0; id && i < server->notifications->len; i++)
    if (((Notification *)server->notifications->pdata[i])->id == id)
      return server->notifications->pdata[i];
  return NULL;
}

static int
server_on_token (NotificationServer *server, sd_bus_message *signal)
{
  const char *token;
  int r = sd_bus_message_read (signal, "us", &server->token_of, &token);

  if (r < 0)
    return r;
  g_free (server->token);
  server->token = g_strdup (token);
  return 0;
}

static int
server_on_action (NotificationServer *server, sd_bus_message *signal)
{
  Notification *notification;
  const char *action;
  uint32_t id;
  int r = sd_bus_message_read (signal, "us", &id, &action);

  if (r < 0)
    return r;
  notification = server_find (server, id);
  if (notification)
    server->handler (notification, action, id == server->token_of ? server->token : NULL, false, server->userdata);
  return 0;
}

static int
server_on_closed (NotificationServer *server, sd_bus_message *signal)
{
  Notification *notification;
  uint32_t id, reason;
  int r = sd_bus_message_read (signal, "uu", &id, &reason);

  if (r < 0)
    return r;
  notification = server_find (server, id);
  if (!notification)
    return 0;
  notification->id = 0;
  server->handler (notification, NULL, NULL, reason == CLOSED_BY_PERSON, server->userdata);
  return 0;
}

static int
server_on_signal (sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
  NotificationServer *server = userdata;

  if (!bus_owner_sent (server->owner, signal))
    return 0;
  if (sd_bus_message_is_signal (signal, NAME, "ActivationToken"))
    return server_on_token (server, signal);
  if (sd_bus_message_is_signal (signal, NAME, "ActionInvoked"))
    return server_on_action (server, signal);
  if (sd_bus_message_is_signal (signal, NAME, "NotificationClosed"))
    return server_on_closed (server, signal);
  return 0;
}

int
notification_server_new (NotificationServer **ret, sd_bus *bus, NotificationHandler handler, NotificationShown shown,
                         void *userdata)
{
  g_autoptr (NotificationServer) server = g_new0 (NotificationServer, 1);
  int r;

  server->bus = sd_bus_ref (bus);
  server->handler = handler;
  server->shown = shown;
  server->userdata = userdata;
  server->notifications = g_ptr_array_new_with_free_func (notification_destroy);
  if ((r = bus_owner_new (&server->owner, bus, NAME)) < 0 ||
      (r = sd_bus_add_match_async (bus, &server->signals, FROM_THEM, server_on_signal, NULL, server)) < 0)
    return r;
  bus_owner_watch (server->owner, server_on_owner, server);
  *ret = g_steal_pointer (&server);
  return 0;
}

void
notification_server_free (NotificationServer *server)
{
  if (!server)
    return;
  g_ptr_array_unref (server->notifications);
  bus_owner_free (server->owner);
  sd_bus_slot_unref (server->signals);
  sd_bus_slot_unref (server->question);
  sd_bus_unref (server->bus);
  g_free (server->token);
  g_free (server);
}
