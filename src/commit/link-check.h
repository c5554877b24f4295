/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger.h"
#include "tree.h"

/* Whether the symbolic link @entry leads to where nobody but root decides what is there: below a prefix, or at a file
 * or folder of root's below /usr. PackageInvalid says what to do instead. */
bool link_check (const Ledger *ledger, const TreeEntry *entry, GError **error);
