/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <adwaita.h>

#include "worker-item.h"

/* A worker in the list: a click shows it. */
#define WORKER_TYPE_ROW (worker_row_get_type ())
G_DECLARE_FINAL_TYPE (WorkerRow, worker_row, WORKER, ROW, AdwActionRow)

GtkWidget *worker_row_new (WorkerItem *item);
