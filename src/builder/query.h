/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"

/* Answers a question of the daemon's as one JSON object on standard output:
 *
 *   catalog                        {"workers":[ENTRY…],"skipped":[{"id","message"}…]}
 *   worker ID                      ENTRY
 *   recipe ID [BACKEND [SOURCE]]   {"pkgbuild","url"}; an empty BACKEND or SOURCE is none
 *   sandbox                        {"works":true} or {"works":false,"why","hint"}; and "toolchains", as
 *                                  toolchain-search.h has them
 *   devices                        {"devices":[…],"warnings":[…]} as device.h has it: in a unit that may open them
 *
 * Returns the exit status: 0, or 1 after {"error":NAME,"message"}. */
int query_run (const Configuration *configuration, char *const *arguments);
