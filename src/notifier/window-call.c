/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "window-call.h"

#include <glib.h>
#include <stdbool.h>

#include "desktop-names.h"
#include "floating-call.h"

#define PATH      "/org/rbee/Hive"
#define INTERFACE "org.freedesktop.Application"

typedef struct
{
  char *argument, *token;
  WindowAbsent absent;
  void *userdata;
} WindowCall;

static void
window_call_free (void *data)
{
  WindowCall *call = data;

  g_free (call->argument);
  g_free (call->token);
  g_free (call);
}

static int
window_call_on_answer (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  WindowCall *call = userdata;

  if (sd_bus_message_is_method_error (reply, NULL))
    call->absent (call->argument, call->token, call->userdata);
  return 0;
}

/* What GTK finds the token by: on Wayland, and before GTK 4.14 and on X11. */
static int
window_call_append_token (sd_bus_message *message, const char *token)
{
  if (!token)
    return sd_bus_message_append (message, "a{sv}", 0);
  return sd_bus_message_append (message, "a{sv}", 2, "activation-token", "s", token, "desktop-startup-id", "s", token);
}

static int
window_call_new (sd_bus *session, sd_bus_message **ret, const char *action, const char *argument, const char *token)
{
  int r = sd_bus_message_new_method_call (session, ret, DESKTOP_ENTRY, PATH, INTERFACE,
                                          action ? "ActivateAction" : "Activate");

  if (r >= 0 && action)
    r = sd_bus_message_append (*ret, "sav", action, 1, "s", argument);
  return r < 0 ? r : window_call_append_token (*ret, token);
}

void
window_call (sd_bus *session, const char *action, const char *argument, const char *token, WindowAbsent absent,
             void *userdata)
{
  sd_bus_message *message = NULL;
  WindowCall *call = g_new0 (WindowCall, 1);
  int r;

  call->argument = g_strdup (argument);
  call->token = g_strdup (token);
  call->absent = absent;
  call->userdata = userdata;
  r = window_call_new (session, &message, action, argument, token);
  if (r >= 0)
    r = floating_call_send (session, message, window_call_on_answer, call, window_call_free, 0);
  else
    sd_bus_message_unref (message);
  if (r < 0)
    window_call_free (call);
}
