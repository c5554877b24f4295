/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger.h"

/* Versions of a worker that newer ones replaced, so that they can be put back: StateDirectory/kept/<worker>/<job>,
 * named for the job that installed the version, each with `pkg` and `list` as a job's work directory has them, and the
 * record as <worker>.json. `<job>.new` is one that is being made: it counts once a transaction has settled it.
 *
 * What is kept is a convenience: nothing fails for want of it. */

/* Copies what @record installed to `<job>.new`, durably. False and why when a file is not what was installed any more,
 * or cannot be copied; nothing is left then. */
bool kept_stage (const Ledger *ledger, const WorkerRecord *record, GError **error);

/* Removes what kept_stage() made; none is fine. */
void kept_unstage (const Ledger *ledger, const char *worker_id, const char *job);

/* The staged version of @job (NULL: none) counts from now on, the one of @spent (NULL: none) goes away, and of the rest
 * as many stay as KeepVersions= says. May be done again. */
void kept_settle (const Ledger *ledger, const char *worker_id, const char *job, const char *spent);

/* Removes all of a worker. May be done again. */
void kept_drop (const Ledger *ledger, const char *worker_id);

/* The version to go back to: its directory, -1 with NotInstalled when there is none; *ret_record is its record. */
int kept_open (const Ledger *ledger, const char *worker_id, WorkerRecord **ret_record, GError **error);
