/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* work/list: what the package's files looked like inside the fakeroot session that made them ("TYPE MODE UID GID PATH",
 * each entry ended by a NUL). */
typedef struct PackageList PackageList;

/* Reads `list` below @work_fd. PackageInvalid when it is missing or malformed. */
PackageList *package_list_read (int work_fd, GError **error);
void package_list_free (PackageList *list);

/* The type letter of find(1) and the permission bits of @path (relative to the package); false when it is not listed.
 */
bool package_list_find (const PackageList *list, const char *path, char *ret_type, unsigned *ret_mode);

unsigned package_list_size (const PackageList *list);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PackageList, package_list_free)
