/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sandbox.h"

/* The hive's own scripts and programs (LIBEXECDIR), as a sandbox sees them. */

/* Whether all of them are there; Failed names the one that is not, which is not a fault of a recipe. */
bool scripts_check (const Configuration *configuration, GError **error);

/* Makes them visible, read-only. */
void scripts_bind (const Configuration *configuration, Sandbox *sandbox);

/* The path of one inside; free with g_free(). */
char *scripts_path (const char *name);
