/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

/* Who has a well-known name. A match for its signals is not enough to know that one is from there: the bus applies it
 * to broadcasts, but delivers what anybody sends to this connection alone, and sd-bus, which knows senders by their
 * unique names only, takes that for a match too. */
typedef struct BusOwner BusOwner;

/* Asks the bus, and stays up to date. To be made before what the signals are listened for by. A negative errno when it
 * cannot be asked. */
int bus_owner_new (BusOwner **ret, sd_bus *bus, const char *name);
void bus_owner_free (BusOwner *owner);

/* Calls @changed from now on whenever the name has another owner, also when it is learned at first: @unique is NULL
 * where there is none. */
typedef void (*BusOwnerChanged) (const char *unique, void *userdata);
void bus_owner_watch (BusOwner *owner, BusOwnerChanged changed, void *userdata);

/* The unique name of the owner; NULL: none, or not known yet. */
const char *bus_owner_unique (const BusOwner *owner);

/* Whether the bus itself has sent @message. */
bool bus_sent (sd_bus_message *message);

/* Whether the owner of the name has sent @message. */
bool bus_owner_sent (const BusOwner *owner, sd_bus_message *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BusOwner, bus_owner_free)
