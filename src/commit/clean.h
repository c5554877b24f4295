/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "configuration.h"

/* Removes the work directory @path of a job and all that is in it, however deep, without following links or crossing
 * into other file systems. It must lie directly in CacheDirectory/work (InvalidArgument); one that is gone is fine.
 * Before that, what it downloaded goes into the cache, and, when the worker @tools_of was installed (NULL: none was),
 * the tool caches of that worker: what cannot be kept is said, and no failure. */
bool clean_run (const Configuration *configuration, const char *path, const char *tools_of, GError **error);

/* The same when an install ended well, if it is soon done. What is left, and why, is said by who asks for the rest. */
void clean_soon (const Configuration *configuration, const char *path, const char *tools_of);
