/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <adwaita.h>

#include "hive-model.h"

/* The window: on the left what there is, on the right the one that was chosen; on a narrow one, one of both. */
#define HIVE_TYPE_WINDOW (hive_window_get_type ())
G_DECLARE_FINAL_TYPE (HiveWindow, hive_window, HIVE, WINDOW, AdwApplicationWindow)

HiveWindow *hive_window_new (GtkApplication *application, HiveModel *model);

void hive_window_show_job (HiveWindow *window, const char *id);

/* A worker that is not known yet is shown when it is. */
void hive_window_show_worker (HiveWindow *window, const char *id);

/* The same, and asks how it is to be started where it is installed. */
void hive_window_start_worker (HiveWindow *window, const char *id);
