/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bridge.h"

/* Accepts connections, as many as may be, and ends those that take too long. */

/* Listens on the bridge's sockets. */
Server *server_new (Bridge *bridge, GError **error);
void server_free (Server *server);

/* No new connections. */
void server_close (Server *server);

/* How many connections there are. */
unsigned server_count (const Server *server);
