/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"
#include "sandbox.h"

/* What cargo, go, npm, pip, ccache and sccache keep is there in the next build of the same worker of the same catalog
 * by the same tools, when this one was installed (cache.h): no other worker's build reads it, and none that failed
 * wrote it. */

/* Makes the job's copy. */
bool tool_cache_take (Builder *builder, GError **error);

/* Shows it to a function, with the variables by which those tools find it; nothing where none was taken. */
void tool_cache_add (const Builder *builder, Sandbox *sandbox);
