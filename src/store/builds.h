/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "descriptor.h"

/* The element number @i of an array member; NULL. */
JsonNode *builds_element (JsonObject *object, const char *key, guint i);

/* The index under @tag with @manifest before what it had; of one that is of no use nothing is kept. */
char *builds_add (const char *index, const Descriptor *manifest, JsonObject *annotations);

/* The manifest of a build. */
char *builds_manifest (const Descriptor *record, const Descriptor *tree, const Descriptor *signature);
