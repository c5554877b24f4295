/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether the kernel has denied a process or thread to this job's unit (rbee-job-ID.service) for its TasksMax=: the
 * pids.events of its control group (cgroups(7), version 2). False where a job has none of its own. */
bool cgroup_has_reached_tasks_max (void);

/* What the control groups from this process's to the top leave it, those of containers and AllowedCPUs= not among them.
 */
typedef struct
{
  double processors; /* cpu.max; 0: no limit */
  uint64_t memory;   /* memory.max; 0: no limit */
} CgroupLimits;

CgroupLimits cgroup_limits (void);
CgroupLimits cgroup_limits_below (const char *root, const char *membership); /* the same of what files say */

/* Whether the kernel has killed a process of this job's unit because memory had run out. */
bool cgroup_has_run_out_of_memory (void);

/* The same of what /proc/self/cgroup and pids.events say. */
char *cgroup_unit_path (const char *membership);
bool cgroup_events_tell_max (const char *events);
