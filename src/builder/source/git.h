/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source-entry.h"

/* Git sources, as makepkg has them: a mirror of the repository, or of what the recipe needs of it (git-extent.h), kept
 * for later jobs, and a clone of that in src/NAME with what the fragment names checked out. Each git runs in a sandbox
 * of its own: no hooks, no configuration but the hive's gitconfig, no credentials, http, https, git and files of a
 * catalog on this machine alone. SourceUnavailable names the repository or the ref that is not there;
 * MissingDependencies when there is no git. */

/* Makes the mirror, with wanted->extent of the repository or more: the cache's, brought up to date unless the recipe
 * names a commit by its hash; and finds the commit. Its tree is read back whole, so that what is built is what that
 * hash stands for, whatever the cache or a server gave. Compares the sums, which are those of `git archive`. @ret_how
 * as download_fetch(). */
bool git_fetch (Builder *builder, SourceEntry *wanted, const char **ret_how, GError **error);

/* The text of what was signed by `?signed`: the tag that #tag= names, or the commit. */
char *git_read_signed (Builder *builder, const SourceEntry *wanted, GError **error);

/* Clones the mirror into src/NAME. */
bool git_checkout (Builder *builder, const SourceEntry *wanted, GError **error);

/* When nothing needs the mirror any more: keeps it for the cache, unless it has it, or it is not for everybody. */
bool git_release (Builder *builder, const SourceEntry *wanted, GError **error);
