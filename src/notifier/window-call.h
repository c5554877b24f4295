/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/* Asks rbee-hive-window, which the session's bus starts where it is installed, to show something. */

/* Where there is no window: does it in another way. @argument and @token as they were given. */
typedef void (*WindowAbsent) (const char *argument, const char *token, void *userdata);

/* @action: one of the window's, show-job, show-worker or start-worker, with an id as @argument; both NULL: it comes to
 * the front. @token: the activation token of the click, or NULL.
 * https://specifications.freedesktop.org/desktop-entry-spec */
void window_call (sd_bus *session, const char *action, const char *argument, const char *token, WindowAbsent absent,
                  void *userdata);
