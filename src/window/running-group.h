/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <adwaita.h>

#include "hive-model.h"

/* The workers that run; not visible while there is none. */
#define RUNNING_TYPE_GROUP (running_group_get_type ())
G_DECLARE_FINAL_TYPE (RunningGroup, running_group, RUNNING, GROUP, AdwPreferencesGroup)

/* Those of one worker; NULL: all. */
void running_group_show (RunningGroup *group, HiveModel *model, const char *worker_id);
