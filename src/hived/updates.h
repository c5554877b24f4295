/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "change-options.h"

/* Newer versions of what is installed: CheckUpdates, UpgradeWorker, RollbackWorker and UpdateAvailable of
 * org.rbee.Hive. */
typedef struct Updates Updates;

/* Puts them on the bus, beside the manager's. A negative errno on failure. */
int updates_publish (Hive *hive);

Updates *updates_new (void);
void updates_free (Updates *updates);

/* The newer version that the last CheckUpdates found for @worker_id, as long as @installed is older; else "". */
const char *updates_version (const Updates *updates, const char *worker_id, const char *installed);

/* Answer a call with the job that upgrades the worker, or puts its earlier version back, if the sender may have that:
 * UpgradeWorker and RollbackWorker, and Upgrade and Rollback of the worker's object. @owner: whose the job is to be;
 * -1: the caller's. As a method of sd-bus returns. */
int updates_upgrade (Hive *hive, sd_bus_message *message, const char *worker_id, const ChangeOptions *change,
                     sd_bus_error *error);
int updates_rollback (Hive *hive, sd_bus_message *message, const char *worker_id, const ChangeOptions *change,
                      sd_bus_error *error);
