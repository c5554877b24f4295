/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A memory file with the seccomp filter of every sandbox, for bubblewrap's --add-seccomp-fd, beside which there may be
 * others: what a build has no use for and what would widen its way to the kernel. -1 and SandboxUnavailable on failure.
 */
int system_calls_filter (GError **error);
