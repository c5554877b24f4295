/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"
#include "cache-store.h"

/* A job's private copies of cache entries: keep/KIND/KEY in the work directory. What lies there when the job has ended
 * becomes the entry (cache-store.h): of CACHE_SOURCES on every way out, of CACHE_TOOLS when the worker was installed
 * and the key is cache_key (WORKER-ID, …). */

/* Makes the copy: what the cache has of @key, or an empty folder and @ret_found (NULL: nobody asks) false. */
bool cache_take (Builder *builder, CacheKind kind, const char *key, bool *ret_found, GError **error);

/* Says that the cache's own entry was used as it is, instead of a copy. */
bool cache_touch (Builder *builder, CacheKind kind, const char *key, GError **error);

/* Forgets the copy, so that a new one can be made. */
bool cache_drop (Builder *builder, CacheKind kind, const char *key, GError **error);

/* Where the copy is, to be bound into a sandbox. */
char *cache_path (const Builder *builder, CacheKind kind, const char *key);

/* Opens the cache's own entry, to read; a negative errno. Another job may replace it at any time: names in it may be
 * gone a moment later. */
int cache_open (const Builder *builder, CacheKind kind, const char *key);

/* Where that is. */
char *cache_stored_path (const Builder *builder, CacheKind kind, const char *key);

/* Copies all that is in the folder @from to @to, which is empty: files, folders and links, with their times. The same.
 */
int cache_copy (int from, int to);

/* Without a daemon nobody cleans up after the builder: puts what was kept into the caller's own cache, with @tools what
 * its tools keep too, and removes start/, where downloads have a second name. For the end of a build. */
bool cache_promote (Builder *builder, bool tools, GError **error);
