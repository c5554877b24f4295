/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* What of @requires (needs.h) this machine, as it is seen from here, has not: a sentence's part each, as
 * "GLIBC 2.38 (2.36 is here)". Cards are somebody else's to look at. */
char **needs_check (JsonObject *requires);
