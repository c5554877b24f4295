/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "git-run.h"

/* What a pointer begins with: a regular expression of git grep. */
#define GIT_LFS_POINTER "^version https://git-lfs\\.github\\.com/spec/v[0-9]+$"

/* Puts the files that src/NAME has by Git LFS in place of the pointers to them, by git-lfs; @pointers: their names, for
 * people, or NULL when there are none.
 * MissingDependencies where that is not there, SourceUnavailable where a pointer is left: a pointer is never built or
 * installed for the file. */
bool git_lfs_fetch (Git *git, const char *pointers, GError **error);
