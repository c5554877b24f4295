/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "run-rule.h"

/* What a catalog's entry says of how its worker is run, the object `run`. It comes from whoever writes catalogs: so it
 * may say what the worker is called with and where it answers, and nothing that gives the worker more than others have,
 * as Keyless=, KeyArguments=, Allow= and Environment= of run.conf do. */

#define RUN_ENTRY_MAX 4096 /* bytes of its JSON; in a record of the log, where that is a string, twice as many */

/* Puts its keys in the place of @rule's. CatalogInvalid, naming a key that it may not have or whose value is wrong;
 * then
 * @rule is of no use. */
bool run_entry_apply (JsonObject *run, RunRule *rule, GError **error);

/* The same of the text @run, as a worker's record has it; "" says nothing. */
bool run_entry_apply_text (const char *run, RunRule *rule, GError **error);
