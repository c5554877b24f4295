/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* HTTP with one store and with whom that sends us to, by libcurl. The server is hostile: what it says is bounded, only
 * what is asked for is followed, and what it is told of us goes to nobody else. */
typedef struct Http Http;

/* Takes a part of a body; false ends the transfer. */
typedef bool (*HttpSink) (const char *data, size_t size, void *userdata);

typedef struct
{
  const char *method; /* NULL: GET */
  const char *url;
  const char *accept; /* NULL: whatever there is */
  uint64_t from;      /* of a GET: the first byte that is wanted; the answer begins there, or is an error */
  uint64_t max;       /* bytes that the body may have */
  HttpSink sink;      /* who takes the body of a success; NULL: the answer has it */
  void *userdata;

  const char *type; /* of what is sent; NULL: nothing is */
  const char *text; /* what is sent, or ... */
  int fd;           /* ... @size bytes of this from @start on */
  uint64_t start, size;
  bool once; /* not again when the server is busy: that is the caller's to do */
} HttpRequest;

typedef struct
{
  long status;
  GString *body;  /* at most a beginning unless it is a success */
  char *type;     /* Content-Type, without parameters; "" */
  char *location; /* where to go on, absolute; NULL */
  uint64_t end;   /* of Range "0-END" */
  bool has_end;
  uint64_t chunk_min; /* OCI-Chunk-Min-Length; 0 */
  unsigned wait;      /* Retry-After, seconds */
} HttpAnswer;

void http_answer_clear (HttpAnswer *answer);

/* @url is the store's; the process's environment has the rest (store-configuration.h). */
Http *http_new (const char *url);
void http_free (Http *http);

/* Until when (g_get_monotonic_time()) all must be there; 0: as long as something comes. */
void http_set_deadline (Http *http, int64_t deadline);

/* For how many seconds in all a server that is busy is asked again. */
void http_set_patience (Http *http, unsigned seconds);

/* Asks, with what the server wants to know of us. True when there is an answer, whatever its status: @ret_answer, to be
 * cleared. Else SourceUnavailable says that nobody answers there, or Failed why what does is not taken: a redirect to
 * where it must not lead, too much. */
bool http_run (Http *http, const HttpRequest *request, HttpAnswer *ret_answer, GError **error);

/* Failed for an answer that is not the one that was hoped for. Returns false. */
bool http_refuse (const Http *http, const HttpAnswer *answer, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HttpAnswer, http_answer_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Http, http_free)
