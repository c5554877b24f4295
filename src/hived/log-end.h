/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"

/* How the log behind @fd ends: the outcome of its `end` record and the last error before it. False when it has no end.
 */
bool log_end_read (int fd, JobState *ret_outcome, GError **ret_error);
