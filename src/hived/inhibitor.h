/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

/* A lock on this machine's shutdown: org.freedesktop.login1(5), "Inhibition". Where there is no logind there is none.
 */
typedef struct Inhibitor Inhibitor;

/* @mode: "block" or "delay"; @why is what systemd-inhibit(1) shows; both static. Nothing is inhibited yet. */
Inhibitor *inhibitor_new (sd_bus *bus, const char *mode, const char *why);
void inhibitor_free (Inhibitor *inhibitor);

/* Takes the lock (it is there a moment later), or lets it go. */
void inhibitor_hold (Inhibitor *inhibitor, bool hold);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Inhibitor, inhibitor_free)
