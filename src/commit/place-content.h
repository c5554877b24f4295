/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger.h"
#include "place-rules.h"
#include "tree.h"

/* What a desktop entry or a completion says of itself: for what else than its own program it would be used.
 * PackageInvalid names the line. */
bool place_content_check_desktop (const Tree *tree, const TreeEntry *entry, GError **error);
bool place_content_check_zsh (const Ledger *ledger, const Tree *tree, const TreeEntry *entry, const PlaceNames *names,
                              GError **error);
