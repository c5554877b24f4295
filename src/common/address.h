/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/socket.h>

/* "10.0.0.0/8", "fc00::/7", or one address. */
typedef struct
{
  int family; /* AF_INET or AF_INET6 */
  unsigned char bytes[16];
  unsigned bits;
} AddressRange;

/* Stands in lists for all private addresses. */
#define ADDRESS_ALL_PRIVATE "private"

/* Whom an address leads to. */
typedef enum
{
  ADDRESS_PUBLIC,   /* the same machine from everywhere */
  ADDRESS_PRIVATE,  /* another one in each network */
  ADDRESS_INTERNAL, /* this machine, its link, or the cloud that it runs in: what has no business on a network */
} AddressKind;

bool address_range_parse (const char *text, AddressRange *ret_range);
bool address_range_is_loopback (const AddressRange *range);
bool address_range_has (const AddressRange *range, int family, const unsigned char *bytes);

/* All that are of @kind; free with g_array_unref(). What carries an IPv4 address is of that one's kind. */
GArray *address_ranges (AddressKind kind);

/* Anything but IPv4 and IPv6 is a socket of this machine: internal. */
AddressKind address_kind (const struct sockaddr *address);
bool address_is_loopback (const struct sockaddr *address);

/* "127.0.0.1"; "" for what is no IP address. */
char *address_to_string (const struct sockaddr *address);

/* Whether the network around us keeps us from there: its routes say so, and its loopback is its own, in which only the
 * ports are there that were allowed. */
bool address_is_refused (const struct sockaddr *address, socklen_t length);
