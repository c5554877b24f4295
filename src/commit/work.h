/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"

/* The name of the work directory @path, which must lie directly in CacheDirectory/work; else NULL and InvalidArgument.
 * The name points into @path. */
const char *work_name (const Configuration *configuration, const char *path, GError **error);

/* Opens CacheDirectory/work. -1 and @error on failure. */
int work_open_all (const Configuration *configuration, GError **error);

/* Opens the work directory @path of a job that has ended and takes it away from the job's user: it becomes ours, mode
 * 0700, so that nothing that runs as that user reaches into it any more. -1 and @error on failure. */
int work_take (const Configuration *configuration, const char *path, GError **error);
