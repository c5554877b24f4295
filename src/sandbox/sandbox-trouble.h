/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Sets SandboxUnavailable from what bubblewrap said (NULL: there is no bubblewrap) and what this machine's settings
 * show. The message says why; what to do goes to @ret_hint, or behind the why when @ret_hint is NULL. */
void sandbox_trouble_set_error (GError **error, const char *said, char **ret_hint);

/* Why bubblewrap said that, and what to do, by the settings below @root; NULL: unknown, and @ret_hint stays. */
const char *sandbox_trouble_find (const char *root, const char *said, const char **ret_hint);

/* Says of a TimedOut or LimitsExceeded of sandbox_run() what was too long and which key of hive.conf allows more.
 * Returns false, so that callers can return it. */
bool sandbox_trouble_explain (GError **error, const char *what, const char *key);
