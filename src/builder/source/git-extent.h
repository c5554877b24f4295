/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "git-run.h"

/* How much of a repository a recipe needs. What makepkg clones is always all of it; what a recipe and its sources never
 * ask for is left out here. */

/* What the recipe says: of a branch everything, of a tag or a commit what its functions ask git for. @alone: there is
 * no other git source, so that none of its submodules can be meant to come from this one. */
GitExtent git_extent_of_recipe (const Builder *builder, const Source *source, bool alone);

/* What the files of @revision ask for when they are built, by scripts or by a library: at least git->extent. */
bool git_extent_of_tree (const Git *git, const char *revision, GitExtent *ret_extent, GError **error);
