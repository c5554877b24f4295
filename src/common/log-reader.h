/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "log-record.h"

/* Reads whole records from a log that may still grow, from any cursor, by pread: the descriptor's offset is not used.
 */
typedef struct LogReader LogReader;

/* @fd is owned. @cursor is where to start; one that is not at the start of a record is moved to the next record. */
LogReader *log_reader_new (int fd, uint64_t cursor);
void log_reader_free (LogReader *reader);

/* The next whole record: 1 and @ret_record (valid until the next call), 0 when there is none yet (or after the end
 * record), or a negative errno. Lines that are no records are passed over. */
int log_reader_next (LogReader *reader, LogRecord *ret_record);

/* Where the next record will start. */
uint64_t log_reader_cursor (const LogReader *reader);

/* True once the `end` record was returned. */
bool log_reader_ended (const LogReader *reader);

int log_reader_fd (const LogReader *reader);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LogReader, log_reader_free)
