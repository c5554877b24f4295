/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "watched-job.h"

/* This user's jobs, by the signals of the hive alone: it is never started, nor asked but when it comes, and then once
 * for its list and once for each new job. While it is away, jobs stay as they were. */
typedef struct HiveWatch HiveWatch;

typedef struct
{
  void (*changed) (void *userdata); /* a job came, went or changed, or the hive did */
  void (*started) (const WatchedJob *job, void *userdata);
  bool (*ended) (const WatchedJob *job, void *userdata); /* returns whether it stays until it is forgotten */
  void (*updatable) (const char *worker, const char *version, void *userdata);
} HiveWatchHandler;

/* On the connection @bus; a negative errno when it broke. @handler must outlive it. */
int hive_watch_new (HiveWatch **ret, sd_bus *bus, const HiveWatchHandler *handler, void *userdata);
void hive_watch_free (HiveWatch *watch);

/* WatchedJob: those that have not ended and those that stayed, oldest first. */
GPtrArray *hive_watch_jobs (const HiveWatch *watch);

/* The one of that id, or NULL. */
WatchedJob *hive_watch_find (const HiveWatch *watch, const char *id);

/* Whether the hive is there. */
bool hive_watch_is_here (const HiveWatch *watch);

/* Whether a job of that worker goes on. */
bool hive_watch_is_at_work (const HiveWatch *watch, const char *worker);

/* Forgets a job that ended. */
void hive_watch_forget (HiveWatch *watch, const char *id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HiveWatch, hive_watch_free)
