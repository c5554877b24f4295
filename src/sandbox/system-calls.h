/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A memory file with the seccomp filter of every sandbox, for bubblewrap's --add-seccomp-fd, beside which there may be
 * others: what a build has no use for and what would widen its way to the kernel. Without @unix_sockets
 * none can be made that has a name. -1 and SandboxUnavailable on failure. */
int system_calls_filter (bool unix_sockets, GError **error);
