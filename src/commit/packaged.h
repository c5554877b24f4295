/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"
#include "tree.h"

/* Which package of the distribution's package manager has @path, in words ("package x (dpkg)"); NULL: none. By the
 * databases of dpkg and pacman below InstallRoot, which are text, and by rpm(8). */
char *packaged_by (const Configuration *configuration, const char *path);

/* The same of all files of @tree by the databases that are text: path → words, for those that a package has. */
GHashTable *packaged_of_tree (const Configuration *configuration, const Tree *tree);
