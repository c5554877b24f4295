/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One line of a job's log: "2026-11-23T07:35:01.123456Z build out text\n", UTC, single spaces. */
#define LOG_TIME_LENGTH 27
#define LOG_TEXT_MAX    (16 * 1024)          /* longer lines are split by whoever writes them */
#define LOG_RECORD_MAX  (LOG_TEXT_MAX + 128) /* with time, phase, stream and newline */

typedef enum
{
  LOG_STREAM_NOTE,     /* the hive speaks */
  LOG_STREAM_OUT,      /* the recipe's standard output */
  LOG_STREAM_ERR,      /* the recipe's standard error */
  LOG_STREAM_PROGRESS, /* "118/312", "37%" or "120.5 KB" */
  LOG_STREAM_RESULT,   /* JSON for the daemon */
  LOG_STREAM_ERROR,    /* "ErrorName message": why the job failed */
  LOG_STREAM_END,      /* done, failed or cancelled: the last record, by the daemon alone */
} LogStream;

/* A parsed record: strings point into the buffer it was parsed from and are not terminated. */
typedef struct
{
  const char *time; /* LOG_TIME_LENGTH bytes */
  const char *phase;
  size_t phase_length;
  LogStream stream;
  const char *text;
  size_t text_length;
  uint64_t cursor; /* the record's byte offset in the log */
  uint64_t next;   /* the offset after its newline */
} LogRecord;

const char *log_stream_name (LogStream stream);
bool log_stream_from_name (const char *name, size_t length, LogStream *ret_stream);

/* Parses one line (without its newline). False when it is not a record (a write cut short by a crash):
 * readers pass over it. Sets all but cursor and next. */
bool log_record_parse (const char *line, size_t length, LogRecord *ret_record);

/* Writes @usec (µs since the epoch) as LOG_TIME_LENGTH bytes, unterminated. */
void log_time_format (uint64_t usec, char *ret_time);
/* Reads it back; 0 when it is not a time. */
uint64_t log_time_parse (const char *time);

/* "ErrorName message" of an `error` record: sets the code (HIVE_ERROR_FAILED for an unknown name) and a copy of the
 * message. */
void log_record_parse_error (const LogRecord *record, int *ret_code, char **ret_message);

/* The line a person sees for a record, or NULL for one that is not shown (progress, result, and the end after an
 * error): note, out and err are their text; error is "[ERROR] message"; end is "[DONE]", "[CANCELLED]", or NULL for
 * failed. */
char *log_record_to_line (const LogRecord *record);

/* How far the text of a `progress` record says its phase is, 0 to 1 in steps of 0.0001; -1 when it does not. */
double log_progress_parse (const char *text);
