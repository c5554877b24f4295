/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <systemd/sd-bus.h>

#include "bridge.h"
#include "connection.h"
#include "head.h"
#include "problem.h"
#include "response.h"

#define UID_UNKNOWN ((uid_t)-1)

typedef struct Request Request;

/* The answer of the hive. A failure does not come here: it has become the request's answer already. */
typedef void (*RequestReply) (Request *request, sd_bus_message *reply);

/* And where a route wants a failure itself: never one that means there is no hive. */
typedef void (*RequestFailure) (Request *request, const sd_bus_error *failure);

/* A request takes its socket away from the server to write its answer itself. @fd is the taker's. */
typedef void (*RequestTake) (Request *request, int fd);

/* One request, from the end of its head to its answer. */
struct Request
{
  Bridge *bridge;
  Connection *connection;
  const Peer *peer;
  Head *head;
  GString *body;    /* NULL: it has not come whole */
  uint64_t started; /* µs, CLOCK_MONOTONIC */

  uid_t uid;          /* who asks; UID_UNKNOWN with Authentication=none */
  char *cross_origin; /* the other origin that may ask; NULL: ours */
  char *parameter;    /* the part of the path that the route leaves open */

  void *data; /* what a route keeps until the hive's answer */
  GDestroyNotify free_data;
  RequestFailure failed; /* NULL: failures are answered by a problem */

  BusCall *call;
  RequestReply reply;
  RequestTake take;   /* what it has come to; NULL: it is answered */
  Response *response; /* NULL: not yet */
};

/* @head is owned. */
Request *request_new (Connection *connection, Head *head);
void request_free (Request *request);

/* Answers; each is the last thing that is done with a request. */
void request_answer (Request *request, Response *response);                                   /* owned */
void request_answer_text (Request *request, HttpStatus status, const char *type, char *text); /* owned */
void request_answer_json (Request *request, HttpStatus status, JsonObject *object);           /* owned */
void request_answer_problem (Request *request, Problem *problem);                             /* owned */

/* {KEY: the path's parameter, "status": STATUS}: what a call without an answer of its own did. */
void request_answer_status (Request *request, const char *key, const char *status);

/* A problem of the hive's error @code; and of InvalidArgument. */
void request_answer_error (Request *request, int code, const char *format, ...) G_GNUC_PRINTF (3, 4);
void request_refuse (Request *request, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Not an answer yet: the request's socket goes to @take. */
void request_take (Request *request, RequestTake take);

/* A call of the hive's, for @handler. */
void request_call (Request *request, RequestReply handler, const char *path, const char *interface, const char *member,
                   const char *types, ...);

/* The same in two steps, for arguments that are appended one by one. NULL: there is no bus, and the request is
 * answered. @message is owned. */
sd_bus_message *request_new_call (Request *request, const char *path, const char *interface, const char *member);
void request_send (Request *request, sd_bus_message *message, RequestReply handler);

/* An answer of the hive that nobody understands. */
void request_answer_unreadable (Request *request, int r);

/* {NAME: the list in @reply}. */
void request_answer_list (Request *request, sd_bus_message *reply, const char *name);
