/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger.h"
#include "tree.h"

/* Where a folder of the package is a symbolic link on this machine that is root's and leads below a prefix, as
 * distributions have them (/usr/local/share/man on Arch, /usr/local/man on Debian), its entries get the paths where
 * they really come to lie. PackageInvalid when two of them come to lie at one. */
bool followed_apply (const Ledger *ledger, Tree *tree, GError **error);
