/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* Streams that wait for what comes of a start (worker_spawn, model_load): a line of JSON when the instance is ready,
 * and
 * `[DONE]`; or what it printed last, and `[ERROR] why`. */
Starts *starts_new (Bridge *bridge);
void starts_free (Starts *starts);

/* GET /v1/jobs/worker_spawn.NAME/stream. */
void starts_open (Request *request);

/* Whether anybody waits, and wants ListInstances to be asked. */
bool starts_wait (const Starts *starts);

/* What ListInstances says now. */
void starts_take (Starts *starts, JsonNode *instances);

void starts_beat (Starts *starts);
void starts_drain (Starts *starts);
