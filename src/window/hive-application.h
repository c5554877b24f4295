/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <adwaita.h>

/* The program: one a session, which the desktop starts by org.rbee.Hive on the session's bus.
 *
 * Its actions are for others too: `show-job` (s: a job's id) and `show-worker` (s: a worker's id). */
#define HIVE_TYPE_APPLICATION (hive_application_get_type ())
G_DECLARE_FINAL_TYPE (HiveApplication, hive_application, HIVE, APPLICATION, AdwApplication)

HiveApplication *hive_application_new (void);
