/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <adwaita.h>

#include "hive-dbus.h"

/* A job that goes on, in the list: a click shows it. */
#define JOB_TYPE_ROW (job_row_get_type ())
G_DECLARE_FINAL_TYPE (JobRow, job_row, JOB, ROW, AdwPreferencesRow)

GtkWidget *job_row_new (DbusHiveJob *job);
