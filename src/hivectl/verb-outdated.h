/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "exit-status.h"

/* Says on standard error of which workers it isn't known whether they are outdated, and why: those of CheckUpdates that
 * have an `error`. EXIT_STATUS_FAILED when there is one. */
ExitStatus outdated_report (JsonNode *workers);
