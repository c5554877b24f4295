/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* What is longer than the terminal goes through less(1), or what SYSTEMD_PAGER= and PAGER= name, as systemctl(1) does
 * it. */

/* The next output is one for a pager. It is started by pager_start(), so that whoever asks for a password on the
 * terminal before has it alone. */
void pager_allow (void);

/* Before something is written: starts the pager that was allowed, where there is one. Standard output and standard
 * error lead to it from then on. */
void pager_start (void);

/* Whether standard output leads to a pager. */
bool pager_runs (void);

/* The descriptor of the terminal, or of what is standard output otherwise. */
int pager_terminal (void);

/* Waits until the reader has left the pager; standard output and standard error are as they were. */
void pager_close (void);
