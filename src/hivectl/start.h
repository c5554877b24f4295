/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "client.h"
#include "options.h"

/* What install and remove have in common: a job for each worker, followed one after the other. */

/* Asks the hive for the job of @worker: its path, or NULL and @error. */
typedef char *(*StartFunction) (Client *client, const Options *options, const char *worker, GError **error);

/* What else is done for the worker of a job that was followed to its good end; false and @error. */
typedef bool (*StartedFunction) (Client *client, const Options *options, const char *worker_id, GError **error);

/* Starts a job for every worker, so that the hive can queue them, then follows them in that order, with @then (NULL:
 * nothing) after each. Reports what fails; the first exit status that is not EXIT_STATUS_OK, in the order of @workers.
 */
ExitStatus start_jobs (Client *client, const Options *options, char **workers, StartFunction start,
                       StartedFunction then);
