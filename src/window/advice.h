/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What to do about a job's error, by its ErrorName and its ErrorMessage; NULL: nothing more than the latter says. */
const char *advice_find (const char *error_name, const char *sentence);
