/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bridge.h"

/* Connections, from accept(2) to the answer. A request's head is looked at (MSG_PEEK) until all of it is there and
 * passed head_parse(); only then libmicrohttpd gets the connection. So a connection that never sends one costs a few
 * hundred bytes, and libmicrohttpd sees nothing that could be read in two ways. */

/* Listens on the bridge's sockets. */
Server *server_new (Bridge *bridge, GError **error);
void server_free (Server *server);

/* No new connections. */
void server_close (Server *server);

/* How many connections there are. */
unsigned server_count (const Server *server);
