/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* For which processors something is built (CPU= in hive.conf): for this machine's own and what is like it, for every
 * one of its architecture, or for those of a level of the x86-64 psABI. */
#define CPU_NATIVE   "native"
#define CPU_BASELINE "baseline"

/* Whether this architecture has it. */
bool cpu_level_is_known (const char *name);

/* All that it has, for messages: "native, baseline". */
const char *cpu_level_names (void);

/* 2 to 4 of "x86-64-v2" to "x86-64-v4", 1 of "baseline"; 0: not a level. */
unsigned cpu_level_number (const char *name);

/* What a processor of that level has, as /proc/cpuinfo names it; of "native" what this machine's has of all that
 * compilers use unasked. NULL-terminated. */
char **cpu_level_flags (const char *name);

/* What the processors of this machine have, each once; NULL-terminated. @cpuinfo: the text of /proc/cpuinfo; NULL: it
 * is read. */
char **cpu_flags_list (const char *cpuinfo);

/* The highest level whose flags are all in @flags. */
unsigned cpu_flags_level (char *const *flags);
