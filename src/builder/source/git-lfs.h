/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "git-run.h"

/* Puts the files that src/NAME, checked out at @revision, has by Git LFS in place of the pointers to them, by git-lfs.
 * MissingDependencies where that is not there, SourceUnavailable where a pointer is left: a pointer is never built or
 * installed for the file. */
bool git_lfs_fetch (Git *git, const char *revision, GError **error);
