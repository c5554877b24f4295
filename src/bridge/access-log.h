/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* One entry a request: in the journal with fields of its own (REQUEST_METHOD=, REQUEST_PATH=, STATUS=, PEER=,
 * PEER_UID=, DURATION_USEC=, BYTES=), elsewhere a line on standard error. Never a query: there may be a ticket in it.
 */

void access_log_request (const Request *request);

/* One that was refused before it was whole. */
void access_log_refusal (const Peer *peer, const Problem *problem);

/* A stream that is over. */
void access_log_stream (const char *peer, uid_t uid, const char *path, uint64_t bytes, uint64_t usec);
