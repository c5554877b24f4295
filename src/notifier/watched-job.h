/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

/* A job as far as a desktop shows it. */
typedef struct
{
  char *id, *operation, *worker, *name, *state, *phase, *message; /* @name: of the worker, for people */
  double progress;                                                /* of the phase, -1: unknown */
  uint32_t owner;
  uint64_t created_at, finished_at; /* µs since the epoch */
  bool own_recipe;                  /* of an install: by a recipe that is in no catalog */
} WatchedJob;

WatchedJob *watched_job_new (void);
WatchedJob *watched_job_copy (const WatchedJob *job);
void watched_job_free (WatchedJob *job);

/* Takes over what a dictionary a{sv} says: one of ListJobs, or properties. What it does not know is passed over.
 * Returns a negative errno when there is no such dictionary. */
int watched_job_read (WatchedJob *job, sd_bus_message *message);

/* Whether it has not ended; how it ended. */
bool watched_job_is_active (const WatchedJob *job);
bool watched_job_is_failed (const WatchedJob *job);

/* Whether it brings a model, which may have a worker's name. */
bool watched_job_is_of_model (const WatchedJob *job);

/* Whether a worker is there since, which was not, or not so. */
bool watched_job_is_installation (const WatchedJob *job);

/* Whether the same can be asked for once more: of a worker of a catalog, by what is known of the job. */
bool watched_job_can_repeat (const WatchedJob *job);

/* How long it has taken since somebody asked for it, in seconds. */
uint64_t watched_job_duration (const WatchedJob *job);

/* "Installing Hive Probe (Build, 42 %)"; of a job that failed: "Cannot install Hive Probe". */
char *watched_job_describe (const WatchedJob *job);

/* What became of it: "Installed Hive Probe". */
char *watched_job_outcome (const WatchedJob *job);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (WatchedJob, watched_job_free)
