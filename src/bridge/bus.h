/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "bridge.h"
#include "names.h"
#include "problem.h"

/* The connection to the hive's bus: made without waiting, and made again whenever it breaks off. */

/* @address: of a bus; NULL: the system's. */
Bus *bus_new (Bridge *bridge, const char *address);
void bus_free (Bus *bus);

/* A call to append arguments to. NULL and @ret_problem while there is no bus. */
sd_bus_message *bus_new_call (Bus *bus, const char *path, const char *interface, const char *member,
                              Problem **ret_problem);

/* Sends it (owned), or lets it wait while many others are under way: a bus allows a connection few. @handler gets the
 * answer, which may be an error, and with it *@place is NULL again; not after bus_call_cancel(). */
typedef void (*BusReply) (sd_bus_message *reply, void *userdata);
void bus_send (Bus *bus, BusCall **place, sd_bus_message *message, BusReply handler, void *userdata);
void bus_call_cancel (BusCall *call);

/* Whether @reply is none: an error, or NULL when the bus broke off. */
bool bus_reply_failed (sd_bus_message *reply);

/* One more, or less, who wants the hive's signals: they come while there is any. */
void bus_listen (Bus *bus, bool on);
