/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* The progress on a dock's icon, com.canonical.Unity.LauncherEntry: KDE, Dash to Dock and others listen to it, and one
 * that starts later may ask.
 * https://wiki.ubuntu.com/Unity/LauncherAPI */
typedef struct LauncherEntry LauncherEntry;

/* On the session's @bus; a negative errno when it broke. */
int launcher_entry_new (LauncherEntry **ret, sd_bus *bus);
void launcher_entry_free (LauncherEntry *entry);

/* Shows how far the running ones of @jobs (WatchedJob) are together; none where none run. */
void launcher_entry_update (LauncherEntry *entry, GPtrArray *jobs);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LauncherEntry, launcher_entry_free)
