/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "log-record.h"

/* A line of a log as it is shown: made when it comes to sight. */
#define LOG_TYPE_LINE (log_line_get_type ())
G_DECLARE_FINAL_TYPE (LogLine, log_line, LOG, LINE, GObject)

/* @text is owned. */
LogLine *log_line_new (guint number, LogStream stream, char *text);

guint log_line_number (LogLine *line);
LogStream log_line_stream (LogLine *line);
const char *log_line_text (LogLine *line);
