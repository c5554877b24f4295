/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "configuration.h"
#include "log-writer.h"
#include "transaction.h"
#include "tree.h"

/* Checks the finished package of a job and installs it as one transaction: a new worker, or one in the place of what
 * was installed of it before. @request is {"job","worker_id","work","record"}. On failure nothing is changed, and
 * @error is PackageInvalid, FileConflict, NoSpace, InvalidArgument or Failed. Notes go to @log (may be NULL), phase
 * `install`. */
bool install_run (const Configuration *configuration, LogWriter *log, JsonObject *request, GError **error);

/* The second half of it, for a package that does not come from a job: @transaction has the record to be. @tree gets the
 * paths that it is installed at. */
bool install_tree (const Ledger *ledger, Tree *tree, Transaction *transaction, GError **error);

/* Reads "job" and "worker_id" of a request, for whoever takes one. */
bool install_read_request (JsonObject *request, const char **ret_job, const char **ret_worker_id, GError **error);
