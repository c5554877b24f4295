/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "names.h"
#include "registry.h"

/* Puts the installed workers on the bus. 0 or a negative errno. */
int worker_publish (Hive *hive);

/* The object of a worker. Free with g_free. */
char *worker_path (const char *id);

/* Tells the bus that a worker came (or, with @replaced, changed), or went (before its record does not answer any more:
 * its object may be gone by then). */
void worker_announce_installed (Hive *hive, const char *id, bool replaced);
void worker_announce_removed (Hive *hive, const char *id);

/* Tells the bus that another version is newer than the installed one, or none any more. */
void worker_announce_update (Hive *hive, const char *id);

/* Tells the bus how a worker is run, which may be another way now. */
void worker_announce_run (Hive *hive, const char *id);

/* Appends the worker's a{sv} of ListWorkers. 0 or a negative errno. */
int worker_append (Hive *hive, sd_bus_message *message, const WorkerRecord *record);
