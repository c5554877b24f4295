/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/* Who is told the lines of a job with LogAccess=owner: those connections of its owner that have called the hive,
 * whatever they called; and, of a job that an earlier daemon started, all that are on the bus by the time that this one
 * comes to it. */
typedef struct Audience Audience;

Audience *audience_new (sd_bus *bus);
void audience_free (Audience *audience);

/* @name is a connection of @uid's. */
void audience_add (Audience *audience, uid_t uid, const char *name);

/* An earlier daemon knew the connections of @uid: asks the bus which there are. */
void audience_find (Audience *audience, uid_t uid);

/* The connections of @uid that are there; NULL: none. Borrowed. */
sd_bus_track *audience_of (const Audience *audience, uid_t uid);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Audience, audience_free)
