/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"
#include "source.h"

/* git, svn and hg ask a server once, and say in words alone what became of it. */

/* Whether to ask it again, because by what the tool has @said the connection was there and is gone, or the server
 * had too much to do: then it waits, longer each time, and the log tells it with @why. @number: of the attempt that
 * failed, from 1. False with @error when the job was cancelled meanwhile, without when it is of no use or was the last.
 */
bool attempt_again (Builder *builder, const Source *source, unsigned number, const char *said, const char *why,
                    GError **error);
