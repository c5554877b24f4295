/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

#include "log-lines.h"

/* A log to be read, searched and copied, which stays at its end as long as nobody scrolls away from it. */
#define LOG_TYPE_VIEW (log_view_get_type ())
G_DECLARE_FINAL_TYPE (LogView, log_view, LOG, VIEW, GtkBox)

/* NULL: none. */
void log_view_set_lines (LogView *view, LogLines *lines);

/* Has the person type what to look for. */
void log_view_search (LogView *view);
