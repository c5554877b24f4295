/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "catalog-configuration.h"
#include "sandbox.h"

/* What is not public and may be reached all the same, because the administrator named it. */

/* The address in the catalog's URL, all of its kind if that is private, and its AllowAddresses=. Its name gives
 * nothing: whoever answers for that could say any address. */
void access_allow_catalog (Sandbox *sandbox, const CatalogConfiguration *catalog);

/* The proxy at @url, wherever that is; "none": nothing. */
void access_allow_proxy (Sandbox *sandbox, const char *url);

/* The servers of [Mirror NAME] sections. */
void access_allow_mirrors (Sandbox *sandbox, const Configuration *configuration);

/* The registry at @url, wherever that is, as a store; and what is public. With one on this machine the sandbox has this
 * machine's network, and the program that looks itself where it is led: pasta of Debian 12 stalls in the middle of
 * large uploads to loopback. False when nobody says by @deadline (g_get_monotonic_time()) where the registry's name
 * leads. */
bool access_allow_store (Sandbox *sandbox, const char *url, int64_t deadline);
