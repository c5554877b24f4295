/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "request.h"

/* GET /v1/events: what happens to all jobs and instances, in one stream. It begins with `event: jobs` and
 * `event: instances`, the lists of them all; then come `state`, `progress`, `removed` (a job's object), `instances`
 * (the list, as it is now), `models` (ask for them again), `worker` (one was installed or removed) and `hive` (it can
 * be reached or not). A reader who is too slow gets the lists again instead. */
Events *events_new (Bridge *bridge);
void events_free (Events *events);

/* The route. */
void events_open (Request *request);

/* A signal of the hive's. */
void events_take (Events *events, sd_bus_message *message);

/* The bus is there, or not. */
void events_hive_here (Events *events);
void events_hive_gone (Events *events);

/* Asks again for the list of instances, for the readers and for whoever waits for a start: an answer that is under way
 * may be older than the signals that came since. */
void events_list_instances (Events *events);

void events_beat (Events *events);
void events_drain (Events *events);
