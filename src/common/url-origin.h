/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* True when both have the same scheme, host and port. */
bool url_is_same_origin (const char *url, const char *other);
