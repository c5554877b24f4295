/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The phases of a job in a line of Pango's markup: those that it went through, the one it is in, and those to come
 * unless its @state says that it has ended. @begun (char *): those of its log, in their order.
 * @contrast: none of it is pale. */
char *job_phases_markup (const char *operation, const char *state, GPtrArray *begun, bool contrast);
