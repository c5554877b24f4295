/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"

/* A package's `install=` names a script, beside the PKGBUILD, for pacman to run as root when the package comes, changes
 * or goes. The hive runs none: this says so in the log, of each, and what it would do. */
void scriptlet_tell_all (Builder *builder);
