/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"

/* What cargo compiled, the folders target/ in src/, is kept beside what tools keep (tool-cache.h) and lies in its place
 * when the next build of the worker begins, as makepkg leaves it there. cargo compiles again what has changed since:
 * crates of a registry are known by their versions, those of the sources by the times of their files, and those that
 * come with a build are made newer than what was kept, unless all of them are as they were (cargo-sources.h). Nothing
 * is handed on to another processor, or when this machine's libraries have changed: build scripts look at both. A build
 * that somebody wants to be reproducible starts without, as does one that finds no cache. */

/* Before a function builds: puts the folders where they were. Errors are no reason not to build: it is without then. */
void cargo_target_restore (Builder *builder);

/* When the package is made: takes them out of src/. */
void cargo_target_keep (Builder *builder);
