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
