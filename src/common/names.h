/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What programs know each other by. */

#define HIVE_NAME      "org.rbee.Hive" /* on the bus */
#define HIVE_PATH      "/org/rbee/Hive"
#define HIVE_INTERFACE "org.rbee.Hive"

#define JOB_INTERFACE "org.rbee.Hive.Job"
#define JOB_PREFIX    HIVE_PATH "/job" /* the parent of its objects; JOB_PREFIX "/17" is one */

#define WORKER_INTERFACE "org.rbee.Hive.Worker"
#define WORKER_PREFIX    HIVE_PATH "/worker"

#define INSTANCE_INTERFACE "org.rbee.Hive.Instance"
#define INSTANCE_PREFIX    HIVE_PATH "/instance"

#define BRIDGE_USER "rbee-bridge" /* whom the hive believes for whom a job is */
