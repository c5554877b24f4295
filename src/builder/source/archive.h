/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"
#include "sandbox.h"
#include "source.h"

/* Unpacks start/NAME, open as @fd, into src/ as makepkg does: whatever bsdtar can list, unless noextract names it; and
 * a file that is only compressed, by gzip, bzip2, xz or zstd and with the suffix for it, becomes the same without the
 * suffix. In a sandbox without network that can write to src/ alone. SourceUnavailable when it is broken,
 * LimitsExceeded past MaxSourceSize= and MaxSourceFiles=, TimedOut, MissingDependencies. */
bool archive_extract (Builder *builder, const Source *source, int fd, GError **error);

/* Keeps what @sandbox makes in src/ to MaxSourceSize= and MaxSourceFiles=. */
void archive_limit (Builder *builder, Sandbox *sandbox);

/* Says of a LimitsExceeded of such a sandbox which source it was, and which keys allow more; of a TimedOut that @key
 * does. Returns false. */
bool archive_explain (GError **error, const char *name, const char *key);
