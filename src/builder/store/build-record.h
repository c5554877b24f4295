/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"

/* What was built and what it needs: {"format","key","key_of","floating","cpu","hive","built_at","options","sources",
 * "toolchain","requires"}. The installed worker's record has it, and a store's, where it is signed. */

/* Notes a source as it was fetched, with the commit that it was. */
void build_record_add_source (Builder *builder, const char *name, const char *url, JsonObject *sums,
                              const char *revision);

/* When the package is done: reads in a sandbox what its programs need, and writes build.json to the work directory,
 * which the commit reads. A tree that cannot be read through is told and has no record. */
bool build_record_write (Builder *builder, GError **error);

#define BUILD_RECORD_FILE "build.json"
