/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shutdown.h"

#include "bus-owner.h"
#include "inhibitor.h"
#include "job-run.h"
#include "job-store.h"
#include "scheduler.h"

struct Shutdown
{
  Hive *hive;
  Inhibitor *commits, *builds;
  BusOwner *logind;
  sd_bus_slot *prepare;
};

/* logind waits for the lock of `builds` now, though not for long: what runs is ended as Interrupted, and what waits
 * goes on waiting. */
static int
shutdown_on_prepare (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Shutdown *shutdown = userdata;
  Hive *hive = shutdown->hive;
  GPtrArray *jobs = job_store_jobs (hive->jobs);
  int begins;
  int r = sd_bus_message_read (message, "b", &begins);

  if (r < 0 || !bus_owner_sent (shutdown->logind, message) || !hive->configuration->inhibit_shutdown)
    return r;
  scheduler_set_open (hive->scheduler, !begins);
  for (guint i = 0; begins && i < jobs->len; i++)
    job_run_interrupt (jobs->pdata[i], "The machine was shut down");
  return 0;
}

Shutdown *
shutdown_new (Hive *hive)
{
  Shutdown *shutdown = g_new0 (Shutdown, 1);

  shutdown->hive = hive;
  shutdown->commits = inhibitor_new (hive->bus, "block", "A worker's files are being installed or removed");
  shutdown->builds = inhibitor_new (hive->bus, "delay", "Workers are being built");
  if (bus_owner_new (&shutdown->logind, hive->bus, "org.freedesktop.login1") >= 0)
    sd_bus_match_signal_async (hive->bus, &shutdown->prepare, "org.freedesktop.login1", "/org/freedesktop/login1",
                               "org.freedesktop.login1.Manager", "PrepareForShutdown", shutdown_on_prepare, NULL,
                               shutdown);
  return shutdown;
}

void
shutdown_free (Shutdown *shutdown)
{
  if (!shutdown)
    return;
  sd_bus_slot_unref (shutdown->prepare);
  bus_owner_free (shutdown->logind);
  inhibitor_free (shutdown->commits);
  inhibitor_free (shutdown->builds);
  g_free (shutdown);
}

void
shutdown_update (Shutdown *shutdown)
{
  GPtrArray *jobs = job_store_jobs (shutdown->hive->jobs);
  bool commits = false, builds = false;

  for (guint i = 0; i < jobs->len; i++)
    {
      const Job *job = jobs->pdata[i];

      commits = commits || job->state == JOB_COMMITTING;
      builds = builds || job->run;
    }
  inhibitor_hold (shutdown->commits, commits);
  inhibitor_hold (shutdown->builds, builds && shutdown->hive->configuration->inhibit_shutdown);
}
