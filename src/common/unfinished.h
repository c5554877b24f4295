/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "configuration.h"

/* StateDirectory/transactions/<job>.aside: a change of what is installed that could be neither finished nor undone, as
 * an object of `job`, `worker_id` (empty where that is not known) and `message` (why, and what to do). Written beside
 * the manifest by the commit program for who asks how the hive is. */

/* Writes one; what cannot be written is told nobody, but in the log of who came upon it. */
void unfinished_note (const char *transactions, const char *job, const char *worker_id, const char *message);
void unfinished_forget (const char *transactions, const char *job);

/* All there are, the oldest job first. */
JsonArray *unfinished_list (const Configuration *configuration);
