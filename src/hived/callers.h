/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

/* Who calls, and whether they read the answers.
 *
 * A bus keeps what a client doesn't read. When it keeps enough of what one service has said (dbus-daemon: 64
 * descriptors, or 127 MiB), it listens to that service no more: one client that calls and never reads would silence the
 * hive for everybody. So each user is given a few answers; before more follow, the bus is asked whether the
 * user's connections have read them, and as long as one has not, its calls wait. (dbus-broker disconnects such a client
 * itself; a bus that does not say how much it keeps is taken to do so.)
 *
 * Every call goes through here before it is anybody else's. */
typedef struct Callers Callers;

/* 0 or a negative errno. */
int callers_new (Callers **ret, sd_event *event, sd_bus *bus);
void callers_free (Callers *callers);

/* Tells @handler each connection that calls, and its user, once and before its first call is handled. */
typedef void (*CallersHandler) (const char *name, uid_t uid, void *userdata);
void callers_on_known (Callers *callers, CallersHandler handler, void *userdata);

/* The user that sent @message, a call that is being handled. (uid_t) -1: it came from no connection of a bus. */
uid_t callers_uid (Callers *callers, sd_bus_message *message);

/* Has the bus hand out @message once more, a call that waited for something: it was let in already. 0 or a negative
 * errno. */
int callers_run_again (Callers *callers, sd_bus_message *message);

/* True when no call waits here. */
bool callers_are_idle (const Callers *callers);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Callers, callers_free)
