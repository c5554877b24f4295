/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Who is at the other end of a connection. */
typedef struct
{
  bool is_unix;
  uid_t uid;     /* of a Unix socket's */
  char name[48]; /* "127.0.0.1", "fe80::1", "uid 1000" */
  bool is_local; /* this machine */
} Peer;

/* Of the connected socket @fd. False when the system does not say. */
bool peer_read (Peer *peer, int fd);

/* Whether a socket address is this machine's alone: loopback or a Unix socket. */
bool peer_address_is_local (const struct sockaddr *address);
