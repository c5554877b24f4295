/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A time as systemd.time(7) has it, in microseconds: "90" (of @unit microseconds), "2h", "1.5h", "5min 20s"; without
 * "infinity". False when it is none. */
bool time_span_parse (const char *text, uint64_t unit, uint64_t *ret_usec);

#define TIME_SECOND 1000000ULL
#define TIME_DAY    (24 * 3600 * TIME_SECOND)
