/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "log-writer.h"

/* How far a step is, by what cmake, ninja and meson put before their lines: "[ 41%] Building", "[118/312] Compiling".
 */
typedef struct
{
  char seen[24], told[24]; /* as a `progress` record has it: "41%", "118/312"; "": not yet */
  int64_t next;            /* tell again then: monotonic, µs */
} Counter;

/* Looks at one line. */
void counter_take (Counter *counter, const char *line, size_t length);

/* Writes a record when there is news; not at once, unless it is the @last. */
void counter_tell (Counter *counter, LogWriter *writer, const char *phase, bool last);

/* When news that was not told wants to be: monotonic, µs; INT64_MAX: there is none. */
int64_t counter_due (const Counter *counter);
