/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

/* How much of what the hive said the bus still keeps, because somebody who listens doesn't read. Past a limit of its
 * own (dbus-daemon: 127 MiB) a bus would take nothing more from the hive, also no answer to others: what can be left
 * unsaid is left unsaid before. */
typedef struct Backlog Backlog;

Backlog *backlog_new (sd_event *event, sd_bus *bus);
void backlog_free (Backlog *backlog);

/* Whether @size bytes that are not needed may be said. */
bool backlog_take (Backlog *backlog, size_t size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Backlog, backlog_free)
