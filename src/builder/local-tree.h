/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"

/* Tells in the log what would keep the hive from installing what was built, whose trees are in the work directory. It
 * is not a failure: package() may have made them for another package manager. */
void local_tree_rehearse (Builder *builder);
