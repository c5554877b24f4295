/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <adwaita.h>

#include "hive-dbus.h"

/* A worker that runs: a click shows the worker, buttons stop and restart it. */
#define INSTANCE_TYPE_ROW (instance_row_get_type ())
G_DECLARE_FINAL_TYPE (InstanceRow, instance_row, INSTANCE, ROW, AdwActionRow)

GtkWidget *instance_row_new (DbusHiveInstance *instance);
