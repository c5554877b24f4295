/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "request.h"

/* GET /v1/events: what happens to all jobs, in one stream. It begins with `event: jobs`, the list of them all; then
 * come `state`, `progress`, `removed` (a job's object), `worker` (one was installed or removed) and `hive` (it can be
 * reached or not). A reader who is too slow for it gets the list anew instead. */
Events *events_new (Bridge *bridge);
void events_free (Events *events);

/* The route. */
void events_open (Request *request);

/* A signal of the hive's. */
void events_take (Events *events, sd_bus_message *message);

/* The bus is there, or not. */
void events_hive_here (Events *events);
void events_hive_gone (Events *events);

void events_drain (Events *events);
