/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <adwaita.h>

#include "hive-model.h"

/* A worker: what it is, what it lacks, what is to be chosen, its recipe; and what can be done with it. */
#define WORKER_TYPE_PAGE (worker_page_get_type ())
G_DECLARE_FINAL_TYPE (WorkerPage, worker_page, WORKER, PAGE, GtkBox)

void worker_page_set_model (WorkerPage *page, HiveModel *model);
void worker_page_show (WorkerPage *page, WorkerItem *item);

/* NULL: none. */
WorkerItem *worker_page_item (WorkerPage *page);
