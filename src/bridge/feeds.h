/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* The logs that somebody reads: of each one descriptor, one watch, and its readers, of whom a position is all that is
 * known. */
Feeds *feeds_new (Bridge *bridge);
void feeds_free (Feeds *feeds);

/* GET /v1/jobs/ID/stream of a job of the hive's, or (@as_text) GET /v1/jobs/ID/log, which is what there is so far:
 * answers the request, or takes its socket. */
void feeds_open (Request *request, const char *id, bool as_text);

/* The heartbeat: closes the logs that nobody has read since the last one, and asks what became of jobs that are quiet.
 */
void feeds_beat (Feeds *feeds);

/* Ends each stream where its client has a whole event. */
void feeds_drain (Feeds *feeds);
