/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"

/* What a builder may not do itself the daemon does for it: the builder asks in a `result` record of its log,
 * {WHAT:[NAME…]}, and waits until the daemon sends SIGUSR1. A daemon that cannot do it ends the builder, as a cancelled
 * one. Who asks nothing is not disturbed by the signal. */

/* Before anything else: the signal is listened for. */
void errand_listen (void);

/* Has @what done about @names and waits for it; afterwards a record takes the question back, for a later daemon.
 * Interrupted when the job is to end. */
bool errand_run (Builder *builder, const char *what, char *const *names, GError **error);
