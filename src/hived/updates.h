/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive.h"

/* Newer versions of what is installed: CheckUpdates, UpgradeWorker, RollbackWorker and UpdateAvailable of
 * org.rbee.Hive. */
typedef struct Updates Updates;

/* Puts them on the bus, beside the manager's. A negative errno on failure. */
int updates_publish (Hive *hive);

Updates *updates_new (void);
void updates_free (Updates *updates);

/* The newer version that the last CheckUpdates found for @worker_id, as long as @installed is older; else "". */
const char *updates_version (const Updates *updates, const char *worker_id, const char *installed);
