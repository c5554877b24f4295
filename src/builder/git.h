/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"
#include "source.h"

/* Clones a git source into src/NAME of the work directory and checks out what its fragment names, in a sandbox of its
 * own: no hooks, no configuration but the hive's gitconfig, no credentials, http, https and local files alone.
 * SourceUnavailable names the repository or the ref that is not there; MissingDependencies when there is no git. */
bool git_fetch (Builder *builder, const Source *source, GError **error);
