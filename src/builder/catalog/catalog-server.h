/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "catalog-configuration.h"
#include "fetch.h"

/* A catalog behind http(s)://, asked as its section of hive.conf says: by its proxy, and at its own origin (scheme,
 * host and port) alone with its token and the authority it trusts. */

/* @what says which URL, how much and how long. */
FetchResult catalog_server_read (const CatalogConfiguration *catalog, Fetch what, GString **ret_content,
                                 char **ret_why);
FetchResult catalog_server_copy (const CatalogConfiguration *catalog, Fetch what, int fd, char **ret_why);
