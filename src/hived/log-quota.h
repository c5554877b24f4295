/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "configuration.h"

/* How many descriptors of logs each user is given: MaxOpenLogs= at once, and as many again in each minute. A user
 * who takes none for a minute is forgotten; where very many take some, it is the one whose last was longest ago. */
typedef struct LogQuota LogQuota;

LogQuota *log_quota_new (const Configuration *configuration);
void log_quota_free (LogQuota *quota);

/* One for @uid, at @now (µs of a clock that never goes back). False and LimitsExceeded when that user has had all. */
bool log_quota_take (LogQuota *quota, uid_t uid, uint64_t now, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LogQuota, log_quota_free)
