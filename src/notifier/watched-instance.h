/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* A worker that runs, as far as a desktop shows it. */
typedef struct
{
  char *name, *state;
} WatchedInstance;

void watched_instance_free (WatchedInstance *instance);

/* Takes over what a dictionary a{sv} says: one of ListInstances, or properties. What it does not know is passed over.
 * Returns a negative errno when there is no such dictionary. */
int watched_instance_read (WatchedInstance *instance, sd_bus_message *message);

/* "reader (ready)" */
char *watched_instance_describe (const WatchedInstance *instance);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (WatchedInstance, watched_instance_free)
