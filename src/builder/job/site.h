/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"
#include "sandbox.h"

/* What the site has that sources and tools name elsewhere ([Mirror NAME] in hive.conf). */

/* Tells a recipe's git, cargo, npm, pip and go. */
bool site_add (const Builder *builder, Sandbox *sandbox, GError **error);

/* Says in the log what that is. */
void site_tell (const Builder *builder);
