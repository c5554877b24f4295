/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger.h"
#include "transaction.h"
#include "tree.h"

/*
 * What an install is going to do, and what stands in its way. Nothing is changed while it is made.
 */

/* What is known of an install while it is planned. */
typedef struct
{
  const Ledger *ledger;
  const Tree *tree;
  WorkerRecord *old;   /* NULL: not installed yet */
  GPtrArray *others;   /* records of the other workers; the tables below point into them */
  GHashTable *owners;  /* path of a file → id of the other worker that it belongs to */
  GHashTable *folders; /* path of a directory that another worker has files in → its id */
  GHashTable *shared;  /* paths of directories that another worker's install made */
  Transaction *transaction;
  GPtrArray *left;      /* paths of changed files that stay */
  GHashTable *packaged; /* files that a package of the distribution now has (packaged.h); NULL with a first install */
} InstallPlan;

/* Fills in the steps and the folders of the transaction, and the record's folders. @plan: has its ledger, tree and
 * transaction, and an empty `left`. @id: of the worker. False: a file belongs to somebody else, a place may not be
 * written to, a link leads out; nothing was changed. */
bool install_plan_make (InstallPlan *plan, const char *id, GError **error);
void install_plan_clear (InstallPlan *plan);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (InstallPlan, install_plan_clear)
