/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger.h"

/* Takes every transaction that a crash cut short back, or carries it to its end when it was committed. One that cannot
 * be (damaged, a disk that is not there) is set aside: it stays and is tried again the next time, @error (may be NULL)
 * names it, its worker and its paths are blocked in @ledger, and the others are recovered all the same. @log (may be
 * NULL) gets a `result` record for each: {"job","worker_id","operation","outcome"} with outcome `done` or `undone`.
 */
bool recover_all (const Ledger *ledger, LogWriter *log, GError **error);

/* The same for who is about to change @worker_id: false only where that one is blocked. */
bool recover_for (const Ledger *ledger, const char *worker_id, GError **error);

/* The verb: recover_all() with the lock held. */
bool recover_run (const Configuration *configuration, LogWriter *log, GError **error);
