/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"
#include "checksum.h"
#include "source.h"

/* A source with what the recipe says of it, and what became of it so far. */
typedef struct
{
  Source *source;
  const char *sums[CHECKSUM_KINDS]; /* of the recipe, "SKIP" among them; NULL: none of that kind */
  char *encoding;                   /* a download: what the server compressed it by, unasked; NULL or "": nothing */
  char *revision;                   /* git: the commit, once it was fetched */
  char *pointers;                   /* git: names of files by Git LFS; NULL: there are none */
  GitExtent extent;                 /* git: how much the recipe needs; then which mirror it is from */
  bool is_stored;                   /* git: the mirror is the cache's, unchanged */
} SourceEntry;

/* All sources for this machine: `source` and `source_ARCH`, each with its sums by makepkg's rules. RecipeInvalid,
 * naming the array or the element. */
GPtrArray *source_entry_collect (const Recipe *recipe, GError **error);

/* True when there is a sum that is not SKIP. */
bool source_entry_is_summed (const SourceEntry *wanted);

/* What a server sent in place of the file, when it or the first bytes say so (page_describe_instead()); else NULL. */
char *source_entry_guess (const SourceEntry *wanted, int fd);

/* Compares every sum that is given with @fd; ChecksumMismatch. */
bool source_entry_verify (const SourceEntry *wanted, int fd, GError **error);

/* "sha256, b2" or "not verified": what was compared. */
char *source_entry_describe_sums (const SourceEntry *wanted);

/* True when what was compared can be forged. */
bool source_entry_is_weak (const SourceEntry *wanted);
