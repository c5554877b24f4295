/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

/* What shows notifications, https://specifications.freedesktop.org/notification-spec. It is asked what it can do before
 * it is given anything; where there is none, nothing is shown and nothing said. */
typedef struct NotificationServer NotificationServer;

/* One notification, which is shown, changed in place, and closed. */
typedef struct Notification Notification;

/* What one chose of it; @token: the activation token that came with it, or NULL. Or it was closed: @action is NULL, and
 * @dismissed says whether by the person. The notification may be freed meanwhile. */
typedef void (*NotificationHandler) (Notification *notification, const char *action, const char *token, bool dismissed,
                                     void *userdata);

/* It is on the screen, or what was changed of it is. */
typedef void (*NotificationShown) (const Notification *notification, void *userdata);

/* On the session's @bus; a negative errno when it broke. */
int notification_server_new (NotificationServer **ret, sd_bus *bus, NotificationHandler handler,
                             NotificationShown shown, void *userdata);
void notification_server_free (NotificationServer *server);

/* One that belongs to @server, which frees it with itself. @about: what it is about, for its owner. */
Notification *notification_new (NotificationServer *server, const char *about);
void notification_free (Notification *notification);
const char *notification_about (const Notification *notification);

/* What it says, in plain text, and what can be done: pairs of a key and a word, then NULL, of static strings. */
void notification_set (Notification *notification, const char *summary, const char *body, bool failure,
                       const char *const *actions);

/* Shows it, or what it says now. */
void notification_show (Notification *notification);

/* Takes it away from the screen, and frees it, at the latest when the server has answered what is under way. */
void notification_close (Notification *notification);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (NotificationServer, notification_server_free)
