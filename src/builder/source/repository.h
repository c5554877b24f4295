/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"
#include "source.h"

/* Subversion and Mercurial sources, checked out into src/NAME for each job, in a sandbox of their own that writes
 * to src/ alone: no configuration, no credentials, no externals, subrepositories or bundles from elsewhere.
 * SourceUnavailable names the repository and what the tool said; MissingDependencies when it is not there. */
bool svn_fetch (Builder *builder, const Source *source, GError **error);
bool hg_fetch (Builder *builder, const Source *source, GError **error);
