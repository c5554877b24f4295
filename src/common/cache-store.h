/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"

/* What outlives a job: CacheDirectory/sources/KEY, what was downloaded, and CacheDirectory/tools/KEY, what cargo,
 * ccache and the like keep. An entry is a folder that is the hive's own and that everybody may read. A job works on a
 * private copy, keep/KIND/KEY of its work directory, and when it has ended that copy takes the entry's place. */
typedef enum
{
  CACHE_SOURCES,
  CACHE_TOOLS,
} CacheKind;

/* "sources", "tools" */
const char *cache_kind_name (CacheKind kind);

/* PREFIX.HASH, the hash of what follows @prefix up to NULL. */
char *cache_key (const char *prefix, ...) G_GNUC_NULL_TERMINATED;

/* Puts what a job kept into the cache, beneath descriptors and following nothing: each folder @work_fd/keep/KIND/KEY
 * becomes the entry KEY, in one exchange, after its owners and modes were made ours; an empty one says that the entry
 * was used as it is. Only keys with @prefix (NULL: any), only files, folders and links that are the job's alone; what
 * else there is is left where it lies, and named by @error. Then what was used longest ago goes, until MaxCacheSize=,
 * MaxCacheFiles= and KeepFree= are kept. The work directory must be the caller's, and nobody of the job may be left. */
bool cache_store_promote (const Configuration *configuration, int work_fd, CacheKind kind, const char *prefix,
                          GError **error);
