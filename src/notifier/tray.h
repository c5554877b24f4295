/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "desktop-settings.h"
#include "tray-menu.h"

/* The icon in the tray, org.kde.StatusNotifierItem: there while a job runs or one has failed and was not looked at,
 * wherever a watcher is. https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem */
typedef struct Tray Tray;

/* @bus: the session's, attached to an event loop. A negative errno when it broke. */
int tray_new (Tray **ret, sd_bus *bus, const DesktopSettings *settings, const TrayMenuHandler *handler, void *userdata);
void tray_free (Tray *tray);

/* Shows @jobs (WatchedJob), and @instances (WatchedInstance) in the menu alone. @is_here: whether the hive is. */
void tray_update (Tray *tray, GPtrArray *jobs, GPtrArray *instances, bool is_here);

/* The activation token that the host gave for what one chose last, or NULL. */
char *tray_steal_token (Tray *tray);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Tray, tray_free)
