/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "descriptor.h"

/* A store to read from, in a folder or a registry. */
typedef struct StoreLink StoreLink;

/* For a registry: for how many milliseconds each answer is waited for (0: as long as it takes), and for how many
 * seconds in all it is asked again when it is busy. Where what is asked fails with SourceUnavailable, it is dead. */
StoreLink *store_link_open (const char *url, unsigned hurry, unsigned patience, GError **error);
void store_link_close (StoreLink *link);

/* The text of the index under @tag; NULL without an error: there is none. */
char *store_link_tag (StoreLink *link, const char *tag, GError **error);

/* The whole text of a blob, or of a @manifest; Failed when it is not what its descriptor says. */
char *store_link_text (StoreLink *link, const Descriptor *blob, bool manifest, GError **error);

/* Copies a blob to @fd, which is empty; the same. */
bool store_link_copy (StoreLink *link, const Descriptor *blob, int fd, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreLink, store_link_close)
