/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

/* A line of a log and its number, as a list shows it. Labels would do, but a list has two hundred rows at hand, of
 * which a loud build changes each at every frame: a row of plain text that fits knows its height without laying it out.
 */
#define LOG_TYPE_ROW (log_row_get_type ())
G_DECLARE_FINAL_TYPE (LogRow, log_row, LOG, ROW, GtkWidget)

GtkWidget *log_row_new (void);

/* @text is owned; @attributes may be NULL and is referenced. */
void log_row_set (LogRow *row, guint number, char *text, PangoAttrList *attributes);
