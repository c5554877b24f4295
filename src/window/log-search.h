/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "log-lines.h"

/* Looks for a text in a log, in slices of time, and goes on as the log grows. `changed` tells of more matches. */
#define LOG_TYPE_SEARCH (log_search_get_type ())
G_DECLARE_FINAL_TYPE (LogSearch, log_search, LOG, SEARCH, GObject)

/* For @text in @lines; letters of ASCII match in either case. */
LogSearch *log_search_new (LogLines *lines, const char *text);

guint log_search_count (LogSearch *search);

/* The line of the match @index, from 0 on. */
guint log_search_line (LogSearch *search, guint index);

const char *log_search_text (LogSearch *search);
