/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* The socket of one reader of events, ours since its request was understood. What does not fit into the socket is not
 * kept, but for the little in `pending`: the writer knows how far it came. */
typedef struct Stream Stream;

typedef struct
{
  /* There is room, or there was none to wait for: write on. */
  void (*pump) (Stream *stream);
  /* It is over (`done`), or its reader has gone (`broken`): releases everything, with stream_clear(). */
  void (*closed) (Stream *stream);
  const char *type; /* of what is sent; NULL: events */
} StreamKind;

struct Stream
{
  const StreamKind *kind;
  Bridge *bridge;
  int fd;
  sd_event_source *source;
  GString *pending;     /* to be sent before anything else; NULL: nothing */
  size_t sent;          /* of that */
  bool waits;           /* for room */
  bool is_event_source; /* for an EventSource */
  bool done, broken;
  uid_t uid;
  char *peer, *path;
  uint64_t bytes, started;
};

/* Whether one more may be opened. */
Problem *stream_check_limit (const Bridge *bridge);

/* Has @take open a stream of events on the request's connection, if one more may be; to HEAD it says that there is one.
 */
void stream_open (Request *request, RequestTake take);

/* Whether the client of a request is one that knows server-sent events. */
bool stream_is_event_source (const Request *request);

/* Takes @fd, and puts the answer's head into `pending`. False when that fails: the stream is clear then. */
bool stream_init (Stream *stream, const StreamKind *kind, const Request *request, int fd);
void stream_clear (Stream *stream);

/* Adds to what is pending. */
void stream_queue (Stream *stream, const char *text, size_t length);

/* Sends what is pending. True when nothing is any more. */
bool stream_flush (Stream *stream);

/* Sends what fits; the number of bytes. Less than @length: the stream waits for room, or is broken. */
size_t stream_write (Stream *stream, const char *text, size_t length);

/* Pumps, and closes it when it is done or broken. */
void stream_turn (Stream *stream);

/* Whether it waits for room; without, it is pumped by stream_turn() alone. */
void stream_wait (Stream *stream, bool on);

/* A comment, so that proxies do not take it for dead. */
void stream_beat (Stream *stream);

/* The same for each of @streams, whose elements begin with a Stream; one may be closed by it. */
void streams_beat (GPtrArray *streams);

/* Has each of them end that has nothing to send: the bridge drains, and their pumps see that. */
void streams_drain (GPtrArray *streams);
