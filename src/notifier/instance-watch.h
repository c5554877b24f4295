/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

#include "watched-instance.h"

/* The workers that run, by the signals of the hive alone: it is never started, nor asked but when it comes, and then
 * once for its list and once for each new one. They run on while it is away. */
typedef struct InstanceWatch InstanceWatch;

typedef void (*InstanceWatchChanged) (void *userdata);

/* On the connection @bus; a negative errno when it broke. */
int instance_watch_new (InstanceWatch **ret, sd_bus *bus, InstanceWatchChanged changed, void *userdata);
void instance_watch_free (InstanceWatch *watch);

/* WatchedInstance; the oldest first. */
GPtrArray *instance_watch_list (const InstanceWatch *watch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (InstanceWatch, instance_watch_free)
