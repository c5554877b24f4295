/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launcher-entry.h"

#include <stdbool.h>

#include "desktop-names.h"
#include "job-course.h"
#include "watched-job.h"

#define APPLICATION "application://" DESKTOP_ENTRY ".desktop"
#define PATH        "/com/canonical/unity/launcherentry/rbee_hive"

/* How far the jobs are, in percent; -1: none runs. */
static int
launcher_entry_percent (GPtrArray *jobs)
{
  double sum = 0;
  unsigned count = 0;

  for (guint i = 0; i < jobs->len; i++)
    {
      const WatchedJob *job = jobs->pdata[i];

      if (!watched_job_is_active (job))
        continue;
      sum += job_course_progress (job->operation, job->state, job->phase, job->progress);
      count++;
    }
  return count ? (int)(100 * sum / count) : -1;
}

void
launcher_entry_update (LauncherEntry *entry, sd_bus *bus, GPtrArray *jobs)
{
  int percent = launcher_entry_percent (jobs);

  if (percent == entry->percent)
    return;
  entry->percent = percent;
  sd_bus_emit_signal (bus, PATH, "com.canonical.Unity.LauncherEntry", "Update", "sa{sv}", APPLICATION, 2, "progress",
                      "d", MAX (percent, 0) / 100.0, "progress-visible", "b", percent >= 0);
}
