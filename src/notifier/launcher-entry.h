/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* The progress on a dock's icon, com.canonical.Unity.LauncherEntry: KDE, Dash to Dock and others listen to it.
 * https://wiki.ubuntu.com/Unity/LauncherAPI */
typedef struct
{
  int percent; /* as shown; -1: none */
} LauncherEntry;

/* Shows how far the running ones of @jobs (WatchedJob) are together; none where none run. */
void launcher_entry_update (LauncherEntry *entry, sd_bus *bus, GPtrArray *jobs);
