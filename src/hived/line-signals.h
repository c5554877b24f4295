/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"

/* Turns the logs of active jobs into LineEmitted signals within one budget, and takes from them what the daemon must
 * know: phase, progress, result and error. Costs next to nothing however fast a recipe prints. */
typedef struct LineTail LineTail;
typedef void (*LineTailHandler) (void *userdata);

LineSignals *line_signals_new (sd_event *event);
void line_signals_free (LineSignals *signals);

/* Follows the log behind @fd (borrowed). What is before @told_from was told by an earlier daemon, or by none: it is
 * only learned from, and of that no more than its end. */
LineTail *line_tail_new (LineSignals *signals, Job *job, int fd, uint64_t told_from);
void line_tail_free (LineTail *tail);

/* Calls @handler from the event loop, once, when everything that is in the log by then was seen and told. */
void line_tail_drain (LineTail *tail, LineTailHandler handler, void *userdata);

/* Calls @handler when there is a `result` record that is newer than the last one it was called for, once the log was
 * seen up to its end. @handler must not free the tail. */
void line_tail_on_result (LineTail *tail, LineTailHandler handler, void *userdata);

/* The text of the last `result` record, or NULL. */
const char *line_tail_result (const LineTail *tail);

/* The failure of the last `error` record, or NULL. */
const GError *line_tail_error (const LineTail *tail);

/* Forgets the error: what comes next has its own. */
void line_tail_forget_error (LineTail *tail);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LineSignals, line_signals_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LineTail, line_tail_free)
