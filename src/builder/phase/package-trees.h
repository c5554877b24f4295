/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The trees of several packages of one recipe, pkg/NAME below @work_fd, become one, pkg; and @list, what fakeroot
 * showed of them ("TYPE MODE UID GID NAME/PATH", each ended by NUL), becomes that of the one. PackageInvalid, naming
 * both, where two packages have the same file. */
bool package_trees_merge (int work_fd, char *const *names, GString *list, GError **error);
