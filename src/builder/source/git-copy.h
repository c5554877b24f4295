/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "git-run.h"

/* Mirrors of one commit. git itself makes a new pack of such a one when it clones it, and reads all of it twice; here
 * the files are copied. */

/* Makes the empty folder @fd a repository without anything, as git init does; that knows of one elsewhere, @url, if it
 * isn't NULL. 0 or a negative errno. */
int git_copy_begin (int fd, bool bare, const char *url);

/* Whether the folder @path is one. */
bool git_copy_is_commit (const char *path);

/* Copies the objects and refs of the mirror @path into the empty repository @to, a folder with HEAD: nothing of its
 * configuration, nor what names another repository. */
bool git_copy_commit (const Git *git, const char *path, int to, GError **error);
