/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <systemd/sd-bus.h>

/* What a bus keeps of one connection's messages: dbus-daemon says so (org.freedesktop.DBus.Debug.Stats), to root and to
 * whoever runs it. */
typedef struct
{
  uint32_t said_bytes;   /* said by it, and not read by everybody whom it was for */
  uint32_t unread_bytes; /* for it, and not read by it */
  uint32_t unread_fds;
} BusStats;

/* Asks about the connection @name; @handler gets the answer. 0 or a negative errno. */
int bus_stats_ask (sd_bus *bus, sd_bus_slot **ret_slot, const char *name, sd_bus_message_handler_t handler,
                   void *userdata);

/* Reads it. 0; -ENXIO when there is no such connection; another negative errno when the bus doesn't say. */
int bus_stats_read (sd_bus_message *answer, BusStats *ret);
