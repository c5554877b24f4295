/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transaction.h"

/* A transaction as it is written down in StateDirectory/transactions/<job>.json. */
char *manifest_path (const Ledger *ledger, const char *job);

/* Writes it with @state, durably; on failure the transaction has the state that it had. */
bool manifest_write (Transaction *transaction, const Ledger *ledger, TransactionState state, GError **error);

/* Reads one back; Failed, naming the file and saying what to do, when it is damaged. */
Transaction *manifest_read (const Ledger *ledger, const char *path, GError **error);
