/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a desktop knows us by. */

#define NOTIFIER_NAME "org.rbee.HiveNotifier" /* on the session's bus: one of us */
#define DESKTOP_ENTRY "org.rbee.Hive"         /* the .desktop file, and the icon */
