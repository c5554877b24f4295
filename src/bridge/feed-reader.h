/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "feed.h"
#include "request.h"

#define TEXT_TYPE "text/plain; charset=utf-8"

/* Whoever reads a log: a stream of what follows a position in it. */

/* Takes @fd. @reset: the cursor that was asked for was none of this log, and the reader is told. */
void feed_reader_start (Feed *feed, const Request *request, int fd, const SsePosition *position, bool reset);

/* Ends each where its client has a whole event. */
void feed_readers_drain (Feed *feed);

/* Ends all of them now; the feed is to be freed. */
void feed_readers_close (Feed *feed);
