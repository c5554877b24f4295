/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "hive.h"

/* Whether a job's work folder can be made in CacheDirectory=, and be reached by the user that the job runs as: a
 * sandbox that works is of no use otherwise. Else why not, and what to do; free both with g_free. */
bool cache_check (const Hive *hive, char **ret_why, char **ret_hint);
