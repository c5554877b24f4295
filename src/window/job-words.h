/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* What a job is called on the screen, by what its properties say. */

/* "Install llama"; to be freed. */
char *job_words_title (const char *operation, const char *worker);

/* "Waiting", "Failed". */
const char *job_words_state (const char *state);

/* "Fetch the sources". */
/* The phase that follows @phase (NULL: the first) in each job of that operation; NULL: none does. */
const char *job_words_next_phase (const char *operation, const char *phase);

const char *job_words_phase (const char *phase);

bool job_words_is_active (const char *state);

/* How far the job is, 0 to 1, by its phase and how far that is (-1: not known). */
double job_words_progress (const char *operation, const char *state, const char *phase, double progress);
