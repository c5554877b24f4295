/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-event.h>

/* What rbee-hive-notifier is: a user's jobs, shown in the user's session. It ends the event loop when a bus is gone,
 * the person wants it to, or there is one already. */
typedef struct Notifier Notifier;

Notifier *notifier_new (sd_event *event, GError **error);
void notifier_free (Notifier *notifier);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Notifier, notifier_free)
