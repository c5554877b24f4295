/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "address.h"

/* The one way out of this network namespace: a tap device of that name, which pasta opens later.
 *
 * Routes alone hold nobody who names the device (SO_BINDTODEVICE, IP_PKTINFO, a scope): what they prohibit the kernel
 * then takes for a neighbour on the link. So the device drops every frame that is not for the gateway, which is no
 * neighbour of any other name: neither can others be asked for (ARP, neighbour discovery) nor multicasts be sent, and
 * who has a gateway is for the routes to say. All return -errno. */
#define NETWORK_LINK "rbee"

int network_link_up_loopback (void);
int network_link_make (void);

/* Gives the device @address, and to @gateway the one name on the link. Neither needs to be anybody's. */
int network_link_add_family (const AddressRange *address, const AddressRange *gateway);

/* The way to @range is @gateway. */
int network_link_allow (const AddressRange *range, const AddressRange *gateway);

/* Programs that go to @range have "Permission denied" at once; those that name the device, no answer from @nobody, an
 * address on the link. */
int network_link_deny (const AddressRange *range, const AddressRange *nobody);
