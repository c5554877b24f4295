/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger.h"
#include "tree.h"

/* Whether a package's files may lie where they would (place-rules.h), besides what [Install] Allow= says:
 * PackageInvalid says who would load one by itself and where to put it, FileConflict what of this machine it would
 * hide. */

/* @record is the one to be, @old the installed one (NULL: none), @folders the directories that other workers have files
 * in, each with a worker's id. */
bool place_check_tree (const Ledger *ledger, const Tree *tree, const WorkerRecord *record, const WorkerRecord *old,
                       GHashTable *folders, GError **error);

/* The same of what an unfinished transaction would bring, as far as names tell. */
bool place_check_record (const Ledger *ledger, const WorkerRecord *record, GError **error);
