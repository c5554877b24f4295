/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "log-writer.h"
#include "places.h"
#include "worker-record.h"

/* The books of the commit program: the workers' records and the transactions under way, held by one process at a time.
 */
typedef struct
{
  const Configuration *configuration;
  LogWriter *log; /* NULL: say nothing */
  Places *places;
  char *workers;      /* StateDirectory/workers */
  char *transactions; /* StateDirectory/transactions */
  int lock_fd;

  /* What transactions that could not be completed keep from being changed, each with why and what to do. */
  GHashTable *stuck_workers; /* ids */
  GHashTable *stuck_paths;
} Ledger;

/* Makes the folders where they are missing and waits for the lock. @configuration and @log are borrowed. */
Ledger *ledger_open (const Configuration *configuration, LogWriter *log, GError **error);

/* The same for who only looks: nothing is made, and there is no lock. */
Ledger *ledger_look (const Configuration *configuration);
void ledger_close (Ledger *ledger);

/* The worker's record; *ret_record NULL and true when it is not installed. */
bool ledger_read_installed (const Ledger *ledger, const char *id, WorkerRecord **ret_record, GError **error);

/* The records of all workers but @id. */
GPtrArray *ledger_read_others (const Ledger *ledger, const char *id, GError **error);

/* Makes the record durable beside its place, so that putting it there needs no space any more. */
bool ledger_stage_record (const Ledger *ledger, const WorkerRecord *record, GError **error);

/* Puts the record in its place, durably: the staged one when @staged, else written. */
bool ledger_put_record (const Ledger *ledger, const WorkerRecord *record, bool staged, GError **error);

/* Removes what ledger_stage_record() made. */
void ledger_unstage_record (const Ledger *ledger, const char *id);

/* Removes the worker's record, durably; one that is gone is fine. */
bool ledger_drop_record (const Ledger *ledger, const char *id, GError **error);

/* Failed with @message for who wants to change the worker (NULL: none known) or one of @paths, until the ledger is
 * closed. */
void ledger_block (const Ledger *ledger, const char *worker_id, GPtrArray *paths, const char *message);
bool ledger_check_worker (const Ledger *ledger, const char *id, GError **error);
bool ledger_check_path (const Ledger *ledger, const char *path, GError **error);

/* Writes a note when there is a log. */
void ledger_note (const Ledger *ledger, const char *phase, const char *format, ...) G_GNUC_PRINTF (3, 4);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ledger, ledger_close)
