/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Worker ids match [A-Za-z0-9][A-Za-z0-9._-]{0,99}, without "..": each is a file's name, and stands in paths. */
bool worker_id_is_valid (const char *id);

/* InvalidArgument, naming the id and the rule, when it is not. */
bool worker_id_check (const char *id, GError **error);
