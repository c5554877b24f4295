/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The phases that a job goes through, and how much of it each usually takes. */

/* The phase that follows @phase (NULL: the first) in each job of that operation; NULL: none does. */
const char *job_course_next_phase (const char *operation, const char *phase);

/* How far the job is, 0 to 1, by its phase and how far that is (-1: not known). */
double job_course_progress (const char *operation, const char *state, const char *phase, double progress);
