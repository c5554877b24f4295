/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "toolchain.h"

/* Looks for toolchains where their installers put them: below @root (/opt, /usr/local: of the whole machine) or, where
 * @root is NULL, below the folder @home (of one person). Each is an object: `name`, `version` ("": unknown), `path`,
 * `visible` (recipes find it, whose PATH is @search_path) and `configuration` (the section that makes it so, else "").
 * Nothing is run. */
JsonArray *toolchain_search (const char *root, const char *home, const char *search_path);

/* What of the toolchain at @path, which such an object has, is to be copied to have it alone: of rustup's its default
 * one. */
char *toolchain_search_tree (const char *path);

/* The folder on the way to that, or it, that keeps other users out; NULL when they can read it. */
char *toolchain_search_closed (const char *path);
