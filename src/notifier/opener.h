/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

/* Another program does something for the person. Where it cannot, @failed is told what it said. SIGCHLD must be
 * blocked. */
typedef void (*OpenerFailed) (const char *why, void *userdata);

/* Opens the web page. @token: for the program that opens a window by it, or NULL. */
void opener_open_page (sd_event *event, const char *token, OpenerFailed failed, void *userdata);

/* Opens the log of a job as it is now, as a text file. */
void opener_show_log (sd_event *event, const char *job, const char *token, OpenerFailed failed, void *userdata);
