/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "log-record.h"

/* Appends records to a job's log. The descriptor is O_APPEND and borrowed. A record cut short (no space, a crash)
 * is closed with a newline before the next one. Past @max_size one note says so, and `out` and `err` are dropped from
 * there on. */
typedef struct LogWriter LogWriter;

LogWriter *log_writer_new (int fd, uint64_t max_size);
void log_writer_free (LogWriter *writer);

/* Looks again how the log ends, after another process that wrote to it died. */
void log_writer_mend (LogWriter *writer);

/* Appends one record and writes it out at once. @length -1: @text is terminated. Text is made clean as log-text.h says
 * (newlines become spaces) and cut at LOG_TEXT_MAX. Returns 0 or a negative errno; a caller may ignore it: the writer
 * mends the log at its next record. */
int log_writer_write (LogWriter *writer, const char *phase, LogStream stream, const char *text, ssize_t length);

int log_writer_note (LogWriter *writer, const char *phase, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* The `error` record of a GError of our domain. */
int log_writer_error (LogWriter *writer, const char *phase, const GError *error);

/* For whoever brings many lines at once: queue clean lines (no control characters, at most LOG_TEXT_MAX bytes), all
 * with the time of the last log_writer_stamp(), then flush them with one write. Queueing flushes by itself when its
 * buffer (256 KiB) is full. */
void log_writer_stamp (LogWriter *writer, const char *phase, LogStream stream);
void log_writer_queue (LogWriter *writer, const char *text, size_t length);
int log_writer_flush (LogWriter *writer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LogWriter, log_writer_free)
