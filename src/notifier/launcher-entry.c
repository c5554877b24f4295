/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launcher-entry.h"

#include <stdbool.h>

#include "desktop-names.h"
#include "job-course.h"
#include "watched-job.h"

#define APPLICATION "application://" DESKTOP_ENTRY ".desktop"
#define INTERFACE   "com.canonical.Unity.LauncherEntry"
#define PATH        "/com/canonical/unity/launcherentry/rbee_hive"

struct LauncherEntry
{
  sd_bus *bus;
  sd_bus_slot *slot;
  int percent; /* as shown; -1: none */
};

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

static int
launcher_entry_append (const LauncherEntry *entry, sd_bus_message *message)
{
  return sd_bus_message_append (message, "sa{sv}", APPLICATION, 2, "progress", "d", MAX (entry->percent, 0) / 100.0,
                                "progress-visible", "b", entry->percent >= 0);
}

static int
launcher_entry_on_query (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  sd_bus_message *reply = NULL;
  int r = sd_bus_message_new_method_return (call, &reply);

  if (r >= 0 && (r = launcher_entry_append (userdata, reply)) >= 0)
    r = sd_bus_message_send (reply);
  sd_bus_message_unref (reply);
  return r;
}

static const sd_bus_vtable launcher_entry_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD ("Query", NULL, "sa{sv}", launcher_entry_on_query, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_SIGNAL ("Update", "sa{sv}", 0),
  SD_BUS_VTABLE_END,
};

void
launcher_entry_update (LauncherEntry *entry, GPtrArray *jobs)
{
  int percent = launcher_entry_percent (jobs);
  sd_bus_message *signal = NULL;

  if (percent == entry->percent)
    return;
  entry->percent = percent;
  if (sd_bus_message_new_signal (entry->bus, &signal, PATH, INTERFACE, "Update") >= 0 &&
      launcher_entry_append (entry, signal) >= 0)
    sd_bus_send (entry->bus, signal, NULL);
  sd_bus_message_unref (signal);
}

int
launcher_entry_new (LauncherEntry **ret, sd_bus *bus)
{
  g_autoptr (LauncherEntry) entry = g_new0 (LauncherEntry, 1);
  int r;

  entry->bus = sd_bus_ref (bus);
  entry->percent = -1;
  if ((r = sd_bus_add_object_vtable (bus, &entry->slot, PATH, INTERFACE, launcher_entry_vtable, entry)) < 0)
    return r;
  *ret = g_steal_pointer (&entry);
  return 0;
}

void
launcher_entry_free (LauncherEntry *entry)
{
  if (!entry)
    return;
  sd_bus_slot_unref (entry->slot);
  sd_bus_unref (entry->bus);
  g_free (entry);
}
