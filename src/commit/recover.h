/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger.h"

/* Takes every transaction that a crash cut short back, or carries it to its end when it was committed. One that can't
 * be (damaged, a disk that is not there) stays, @error names it, and the others are recovered all the same. @log (may
 * be NULL) gets a `result` record for each: {"job","worker_id","operation","outcome"} with outcome `done` or `undone`.
 */
bool recover_all (const Ledger *ledger, LogWriter *log, GError **error);

/* The verb: recover_all() with the lock held. */
bool recover_run (const Configuration *configuration, LogWriter *log, GError **error);
