/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"

/* Under which name a store has builds of what a job builds. It is known as soon as the recipe was read, before anything
 * is fetched, and says nothing of the machine: forty of them that differ a little would never find each other's. */

/* What the key is made of, in the order of its names; free with json_object_unref(). RecipeInvalid for sources that are
 * none. */
JsonObject *store_key_describe (const Builder *builder, GError **error);

/* The key itself: the sha256 of that as JSON without blanks, hexadecimal. */
char *store_key_sum (JsonObject *description);

/* Whether the same recipe builds something else tomorrow: it has pkgver(), or a source that no sum or commit fixes. */
bool store_key_is_floating (const Builder *builder);
