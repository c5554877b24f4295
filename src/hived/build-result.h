/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"

/* What a builder says about the tree it made. It comes from a process that is not trusted: only known keys of bounded
 * size are taken. */

/* Reads the text of the `result` record for @job: an object with those keys alone, to go into the worker's record.
 * BuildFailed, saying what is wrong, otherwise. @ret_installed: nothing was built, the worker is installed as it should
 * be. */
JsonObject *build_result_parse (const Job *job, const char *text, bool *ret_installed, GError **error);
