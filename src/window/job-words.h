/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* What a job is called on the screen, by what its properties say. */

/* "Install llama.cpp server"; to be freed. @name: of @worker, which stands for it where an older hive says none. */
char *job_words_title (const char *operation, const char *worker, const char *name);

/* "Waiting", "Failed". */
const char *job_words_state (const char *state);

bool job_words_is_active (const char *state);
