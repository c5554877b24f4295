/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/socket.h>

#include "bridge.h"
#include "peer.h"
#include "problem.h"

/* One connection, from accept(2) to the last byte of its answer. It has one request; what follows that is none. A
 * connection that never sends one costs what it has sent and a few hundred bytes. */
typedef enum
{
  CONNECTION_HEAD,    /* the head of its request has not come whole */
  CONNECTION_BODY,    /* nor has its body */
  CONNECTION_WAITS,   /* for the hive */
  CONNECTION_ANSWERS, /* there is no room for the rest of its answer */
  CONNECTION_LINGERS, /* its client has perhaps not read yet why it was refused */
} ConnectionState;

typedef struct Connection
{
  Bridge *bridge;
  GQueue *others; /* that it is in */
  GList link;
  ConnectionState state;
  int fd;
  sd_event_source *source;
  uint64_t deadline; /* µs, CLOCK_MONOTONIC */
  Peer peer;
  GString *received;       /* of its request; NULL: it has that */
  struct Request *request; /* NULL: its head has not come whole */
  GString *answer;         /* without the file, and how much of it is sent; NULL: there is none yet */
  size_t sent;
  off_t file_sent;
} Connection;

/* @fd is the connection's. NULL when the system does not say who it is: it is closed. */
Connection *connection_new (Bridge *bridge, GQueue *others, int fd);
void connection_free (Connection *connection);

/* Looks for a request. The connection may be gone then. */
void connection_look (Connection *connection);

/* Answers before its request has come whole, and waits a little until that was read. @problem is owned. */
void connection_refuse (Connection *connection, Problem *problem);

/* The same without waiting: the connection is gone. */
void connection_evict (Connection *connection, Problem *problem);

/* Its time is over. */
void connection_time_out (Connection *connection);

/* Its request is answered, or taken. */
void connection_go_on (Connection *connection);
