/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a user may say in rbee-hive/desktop.conf of the configuration folder (~/.config). */
typedef struct
{
  enum
  {
    TRAY_AUTO, /* while there is something to show */
    TRAY_ALWAYS,
    TRAY_NEVER,
  } tray;                /* [Notifier] Tray=auto */
  unsigned notify_after; /* NotifyAfter=10, in seconds: a job that ended sooner is not told of */
} DesktopSettings;

/* Reads the file, if there is one. What is wrong in it is said on stderr, and the default counts. */
DesktopSettings desktop_settings_load (void);
