/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source-entry.h"

/* Brings a download to start/NAME and verifies it: from the cache, or from what an earlier job had of it and the rest
 * from its server. Only what has sums is kept; in the cache `data` is a whole file, and `part` the beginning of one,
 * with what its server said of it in `validator`. What the cache has is believed as little as what comes from there.
 * @ret_how is "" or ", from the cache". A descriptor, or -1 and SourceUnavailable, LimitsExceeded, ChecksumMismatch. */
int download_fetch (Builder *builder, SourceEntry *wanted, const char **ret_how, GError **error);
