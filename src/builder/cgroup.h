/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Whether the kernel has denied a process or thread to this job's unit (rbee-job-ID.service) for its TasksMax=: the
 * pids.events of its control group (cgroups(7), version 2). False where a job has none of its own. */
bool cgroup_has_reached_tasks_max (void);

/* The same of what /proc/self/cgroup and pids.events say. */
char *cgroup_unit_path (const char *membership);
bool cgroup_events_tell_max (const char *events);
