/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SSE_TYPE "text/event-stream; charset=utf-8"

/* Server-sent events of a job's log, in two dresses. Dressed for an EventSource, each has the cursor after its record
 * as `id`, and `event: state` and `event: progress` carry JSON; plain, there are `data:` lines alone, for clients that
 * take each line for text. As text there are no events at all, but the log's lines as people read them. */

/* How far a reader's client has been told a log. What follows from a position depends on the log alone, so a position
 * and a number of bytes say exactly what was sent. */
typedef struct
{
  uint64_t cursor; /* of the next record */
  uint32_t phase;  /* the phase that was last told, as a hash; 0: none */
  bool is_event_source, is_text;
  bool ended; /* the last event is written */
} SsePosition;

/* Appends the events of the whole lines of @log, which begins at @position's cursor, to @out until that has @limit
 * bytes or more, and moves @position. An `error` waits for the record after it, which decides what it was. */
void sse_encode (SsePosition *position, const char *log, size_t size, GString *out, size_t limit);

/* What ends a stream whose log does not say how its job ended. @state: done, failed or cancelled. */
void sse_encode_end (SsePosition *position, const char *state, const char *error_name, const char *message,
                     GString *out);

/* Any other event. @event: NULL for a plain message; @data: one line or several. */
void sse_append (GString *out, const char *event, const char *data, size_t length);
