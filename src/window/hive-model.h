/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "hive-dbus.h"
#include "worker-item.h"

/* What the hive of this machine has, as long as the program runs. Signals: `changed` when its state did,
 * `worker-changed` (WorkerItem).
 *
 * A hive that nobody asks ends by itself, and a call starts it again: that it left changes nothing here. */
#define HIVE_TYPE_MODEL (hive_model_get_type ())
G_DECLARE_FINAL_TYPE (HiveModel, hive_model, HIVE, MODEL, GObject)

HiveModel *hive_model_new (void);

/* Whether the hive has been reached. */
bool hive_model_is_here (HiveModel *model);

/* Whether it can start workers at all, as long as it does not say that it cannot. */
bool hive_model_runs_workers (HiveModel *model);

/* Why it is not, or why the catalog is not; NULL: it is, or that is being asked. */
const char *hive_model_failure (HiveModel *model);
const char *hive_model_catalog_failure (HiveModel *model);

/* Whether an answer is waited for. */
bool hive_model_is_loading (HiveModel *model);

/* Asks again: for the hive, or for what its catalogs have. */
void hive_model_reload (HiveModel *model);

/* WorkerItem; DbusHiveJob of those that have not ended. */
GListModel *hive_model_workers (HiveModel *model);
GListModel *hive_model_jobs (HiveModel *model);

/* DbusHiveInstance: the workers that run. */
GListModel *hive_model_instances (HiveModel *model);

/* NULL: there is none. */
WorkerItem *hive_model_find_worker (HiveModel *model, const char *id);

DbusHiveInstance *hive_model_find_instance (HiveModel *model, const char *name);

/* The hive's own object; NULL until it is here. */
DbusHive *hive_model_hive (HiveModel *model);
