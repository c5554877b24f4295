/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store-link.h"

/* All builds that a store has under @tag: {"builds":[{"record","signature"} or {"refused"}…]}. Whether one is to be
 * believed is not decided here. NULL: the store itself is of no use. */
JsonObject *find_builds (StoreLink *link, const char *tag, GError **error);
