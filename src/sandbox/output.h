/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "log-writer.h"

/* Turns what a recipe prints on one descriptor into records: lines split, cleaned, never more than LOG_TEXT_MAX bytes
 * held. What lines of standard output say of how far their program is (counter.h) becomes `progress` records. */
typedef struct Output Output;

/* @stream is LOG_STREAM_OUT, LOG_STREAM_ERR or LOG_STREAM_PROGRESS; @phase and @writer are borrowed. */
Output *output_new (LogWriter *writer, const char *phase, LogStream stream);
void output_free (Output *output);

/* What one read brought (any bytes). Whole lines are written with one write before this returns. */
void output_feed (Output *output, const char *data, size_t length);

/* When it has to be told on although nothing came: monotonic, µs; INT64_MAX: never. */
int64_t output_due (const Output *output);
void output_tell (Output *output);

/* At the end of the stream: a last line without a newline is a line too. */
void output_finish (Output *output);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Output, output_free)
