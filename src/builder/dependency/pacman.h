/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dependency.h"

/* What pacman has installed, as its local database says it; that is only read. */
typedef struct Pacman Pacman;

/* Of a folder such as /var/lib/pacman/local; NULL when there is none. A package that cannot be read is passed over. */
Pacman *pacman_read (const char *folder);
void pacman_free (Pacman *pacman);

/* As `pacman -T`: the package of that name, or one that provides it, if its version is one that is wanted. NULL when
 * there is none; else "gcc 14.2.1-1", and in @ret_version what met it (borrowed, NULL when none was wanted of a
 * provider that says none). */
const char *pacman_find (const Pacman *pacman, const Dependency *dependency, const char **ret_version);

/* The version in which the package of that name is there, or NULL. */
const char *pacman_version (const Pacman *pacman, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pacman, pacman_free)
