/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger.h"

/* One change of what is installed, written down in StateDirectory/transactions/<job>.json before it is made:
 *
 *   staging    copies are being made under temporary names; nothing that was there is touched
 *   placing    copies change places with their targets, and files that go take temporary names; all of it can be undone
 *   committed  the point of no return: what the temporary names hold now goes away, and the record is put in its place
 *
 * Undoing and finishing look at inode numbers to see how far a step came, so each may be cut short and done again. */
typedef enum
{
  TRANSACTION_STAGING,
  TRANSACTION_PLACING,
  TRANSACTION_COMMITTED,
} TransactionState;

typedef enum
{
  STEP_PLACE,   /* a new file; nothing may be at its path */
  STEP_REPLACE, /* a new file for one that the worker already has */
  STEP_REMOVE,  /* a file that the worker has no more */
} StepKind;

typedef struct
{
  StepKind kind;
  char *path;
  char *temporary; /* a name in the same directory */
  uint64_t inode;  /* of the new file; of the old one for STEP_REMOVE; 0 until it is known */
} TransactionStep;

typedef struct
{
  TransactionState state;
  char *job;
  char *worker_id;
  GPtrArray *steps;     /* of TransactionStep */
  GPtrArray *made;      /* paths of directories that the transaction makes, outermost first */
  GPtrArray *obsolete;  /* paths of directories that go when they are empty, outermost first */
  char *keeps;          /* the job whose version is kept (kept.h); NULL: none */
  char *spends;         /* the job whose kept version is put back; NULL: none */
  WorkerRecord *record; /* NULL: the worker is removed */
} Transaction;

Transaction *transaction_new (const char *job, const char *worker_id);
void transaction_free (Transaction *transaction);

/* Adds a step with a temporary name of its own. */
TransactionStep *transaction_add_step (Transaction *transaction, StepKind kind, const char *path);

/* Makes the directories and files of all steps durable: file by file, or whole file systems when @many. */
bool transaction_sync (const Transaction *transaction, const Ledger *ledger, bool many, GError **error);

/* Puts every step's file in its place. FileConflict when something is there already. Undo it on failure. */
bool transaction_place (const Transaction *transaction, const Ledger *ledger, GError **error);

/* Takes back all that was done, and the manifest. */
bool transaction_undo (const Transaction *transaction, const Ledger *ledger, GError **error);

/* Carries a committed transaction to its end and takes away the manifest. @staged: the record was staged by this
 * process. */
bool transaction_finish (const Transaction *transaction, const Ledger *ledger, bool staged, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Transaction, transaction_free)
