/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store-link.h"

/* All builds that a store has under @tag: {"builds":[{"record","signature"} or {"refused"}…]}. Whether one is to be
 * believed is not decided here. NULL: the store itself is of no use. */
JsonObject *builds_find (StoreLink *link, const char *tag, GError **error);

/* The index under @tag with @manifest before what it had; of one that is of no use nothing is kept. */
char *builds_add (const char *index, const Descriptor *manifest, JsonObject *annotations);

/* The manifest of a build. */
char *builds_manifest (const Descriptor *record, const Descriptor *tree, const Descriptor *signature);
