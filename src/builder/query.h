/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"

/* Answers a question of the daemon's as one JSON object on a line of standard output:
 *
 *   catalog NAME                        {"workers":[ENTRY…],"skipped":[{"id","message"}…]}
 *   worker NAME ID                      ENTRY
 *   recipe NAME ID [BACKEND [SOURCE]]   {"pkgbuild","url"}; an empty BACKEND or SOURCE is none
 *   sandbox                             {"works","why","hint"}: why not, or what is wrong all the same; and
 *                                       "toolchains", as toolchain-search.h has them
 *   devices                             {"devices":[…],"warnings":[…]} as device.h has it: in a unit that may open them
 *   updates [ID CATALOG BACKEND SOURCE SHA256]…   as update-search.h has it; an empty CATALOG is any
 *
 * Those to the catalog NAME read {"remembered":[…]} (catalog-memory.h) from standard input, which may be empty, and add
 * to their answer "stale_since" and "stale_why", when the answer is one that was remembered. A second line has an
 * object of what is no part of the answer: "remember", what there is to be remembered instead, and "works", whether a
 * sandbox could be made, where that was tried.
 *
 * Returns the exit status: 0, or 1 after {"error":NAME,"message"}. */
int query_run (const Configuration *configuration, char *const *arguments);

/* Answers every question with an error. */
void query_refuse (const GError *error);
