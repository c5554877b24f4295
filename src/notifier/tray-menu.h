/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "watched-instance.h"
#include "watched-job.h"

/* The tray's menu, of constant shape, since hosts get changing ones wrong: it has places for jobs and for workers that
 * run. */
typedef struct TrayMenu TrayMenu;

typedef struct
{
  void (*cancel) (const char *job, void *userdata);
  void (*show_log) (const char *job, void *userdata);
  void (*try_again) (const char *job, void *userdata);
  void (*dismiss) (const char *job, void *userdata);
  void (*stop) (const char *instance, void *userdata);
  void (*open) (void *userdata);
  void (*quit) (void *userdata);
} TrayMenuHandler;

/* @handler must outlive it. */
TrayMenu *tray_menu_new (const TrayMenuHandler *handler, void *userdata);
void tray_menu_free (TrayMenu *menu);

/* Shows it on @bus; NULL: on none. A negative errno when that is broken. */
int tray_menu_attach (TrayMenu *menu, sd_bus *bus);

/* Shows @jobs (WatchedJob) and @instances (WatchedInstance). @is_here: whether the hive is. */
void tray_menu_update (TrayMenu *menu, GPtrArray *jobs, GPtrArray *instances, bool is_here);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrayMenu, tray_menu_free)
