/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"

/* Which install runs when: up to MaxParallel= at once, the rest in the order they came. */
typedef void (*SchedulerStart) (Job *job);

Scheduler *scheduler_new (Hive *hive, SchedulerStart start);
void scheduler_free (Scheduler *scheduler);

/* LimitsExceeded when one more job would have to wait and MaxQueued= wait already. */
bool scheduler_has_room (Scheduler *scheduler, GError **error);

/* Starts the queued @job, or lets it wait. */
void scheduler_add (Scheduler *scheduler, Job *job);

/* Lets a job of an earlier run of the daemon wait, before those that were asked for since. */
void scheduler_add_old (Scheduler *scheduler, Job *job);

/* Takes a waiting job out. */
void scheduler_remove (Scheduler *scheduler, Job *job);

/* A job that ran is over. */
void scheduler_release (Scheduler *scheduler, Job *job);

/* Until the first call nothing starts; with false nothing starts any more. */
void scheduler_set_open (Scheduler *scheduler, bool open);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Scheduler, scheduler_free)
