/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "git-run.h"

/* How much of a repository a recipe needs. What makepkg clones is always all of it; what a recipe and its sources never
 * ask for is left out here. */

/* What the recipe says: of a branch everything, of a tag or a commit what its functions ask git for. @alone: there is
 * no other git source, so that none of its submodules can be meant to come from this one. */
GitExtent git_extent_of_recipe (const Builder *builder, const Source *source, bool alone);

/* What asks for EXTENT_COMMITS and, in files that do, for EXTENT_ALL when a repository's files are built, by scripts or
 * by a library: for git-look.bash, which looks for it in the files that have one of the words at all, which takes less
 * time to find. */
extern const char git_extent_words[], git_extent_asks_commits[], git_extent_asks_files[];
