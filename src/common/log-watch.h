/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-event.h>

/* Wakes whoever follows logs. One inotify instance a process serves every watch (the kernel allows few instances); a
 * file that inotify cannot watch is looked at 20 times a second instead. */
typedef struct LogWatch LogWatch;
typedef void (*LogWatchHandler) (void *userdata);

/* Calls @handler from @event's loop whenever the file behind @fd (borrowed) may have grown. NULL only when memory or
 * descriptors ran out. */
LogWatch *log_watch_new (sd_event *event, int fd, LogWatchHandler handler, void *userdata);
void log_watch_free (LogWatch *watch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LogWatch, log_watch_free)
