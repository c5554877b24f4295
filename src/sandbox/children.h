/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Ends whatever is left of the job: this process is a subreaper, so once the outer bubblewrap is gone its init is our
 * child, and with the init the kernel ends everything in that PID namespace before wait() returns. */
void children_reap (void);

/* The one child that does not end with a sandbox; 0: none. Whether there can be one. */
void children_spare (pid_t pid);
bool children_can_spare (void);
