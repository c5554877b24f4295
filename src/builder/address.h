/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/socket.h>

/* True for an address that only this machine, or the cloud that it runs in, gives a meaning: loopback, unspecified,
 * link-local, multicast, the metadata services of clouds, and what of IPv6 leads to such an IPv4 one. A stranger's
 * recipe must not reach what listens there. */
bool address_is_internal (const struct sockaddr *address);

/* "127.0.0.1", "::1" */
char *address_to_string (const struct sockaddr *address);
