/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fetch.h"
#include "transfer.h"

/* What came of a transfer that ended with @code, and in a sentence why, when that is not what was wanted. */
FetchResult transfer_result (const Transfer *transfer, CURLcode code, const char *message, char **ret_why);
