/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "client.h"

/* What is told each time some job may have changed. Returns how many are active; a negative number and @error when that
 * cannot be learned. */
typedef int (*JobWatchShow) (void *userdata, GError **error);

/* Tells it now and after each change, until no job is active or that cannot be learned any more. A hive that is started
 * again meanwhile is waited for. */
bool job_watch (Client *client, JobWatchShow show, void *userdata, GError **error);
