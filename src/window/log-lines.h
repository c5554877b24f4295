/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

#include "log-line.h"

/* The lines that a person sees of a log, as a list that grows with the file. Of each line it keeps where it lies, and
 * reads it when it is asked for: a million of them take 8 MB. Signals: GListModel's,
 * `phase` when another one begins, and `grown` when the file did: somebody reads then, once a frame. */
#define LOG_TYPE_LINES (log_lines_get_type ())
G_DECLARE_FINAL_TYPE (LogLines, log_lines, LOG, LINES, GObject)

/* @fd, a job's log, is owned. */
LogLines *log_lines_new (int fd);

/* Reads what came. */
void log_lines_read (LogLines *lines);

/* char *: the phases that began, in their order. */
GPtrArray *log_lines_phases (LogLines *lines);

/* Whether a record is one of the lines. */
bool log_lines_shows (const LogRecord *record);

/* Where a line lies in the log. */
uint64_t log_lines_cursor (LogLines *lines, guint position);

/* A descriptor of the log of the caller's own; -1 and errno. */
int log_lines_dup_fd (LogLines *lines);
