/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <adwaita.h>

#include "hive-model.h"

/* Asks with which model and on which device an installed worker is run, and has it run. It stays until that has begun,
 * and says what is in the way. */
#define START_TYPE_DIALOG (start_dialog_get_type ())
G_DECLARE_FINAL_TYPE (StartDialog, start_dialog, START, DIALOG, AdwWindow)

/* Over the window @parent; @item: one that can be started (worker_item_run()). */
void start_dialog_present (GtkWindow *parent, HiveModel *model, WorkerItem *item);
