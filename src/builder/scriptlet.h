/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"

/* A recipe's `install=` names a script for pacman to run as root when a package comes, changes or goes. The hive runs
 * none: this says so in the log, of each of @files (names beside the PKGBUILD), and what each would do. */
void scriptlet_tell_all (Builder *builder, const GPtrArray *files);
