/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "watched-job.h"

/* What a person is told by notifications: the end of each job, one notification a worker or model, and many ends in a
 * short time as one; newer versions once a day. */
typedef struct Notices Notices;

typedef struct
{
  void (*open) (const char *worker, const char *token, void *userdata); /* @worker: NULL: of none alone */
  void (*start) (const char *worker, const char *token, void *userdata);
  void (*show_log) (const char *job, const char *token, void *userdata);
  void (*try_again) (const char *job, void *userdata);
  void (*seen) (const char *job, void *userdata); /* the person closed the notification, or chose something */
} NoticesHandler;

/* On the session's @bus; a negative errno when it broke. @handler must outlive it. */
int notices_new (Notices **ret, sd_bus *bus, const NoticesHandler *handler, void *userdata);
void notices_free (Notices *notices);

/* Tells what became of a job; @can_start: of one that installed a worker. */
void notices_tell_end (Notices *notices, const WatchedJob *job, bool can_start);

/* The worker, or the model, of @job has that one now: what was told of it last is stale. */
void notices_take_back (Notices *notices, const WatchedJob *job);

/* Tells that there is a newer version of the worker that is called so. */
void notices_tell_update (Notices *notices, const char *name, const char *version);

/* Tells that something the person asked for does not work, and why. */
void notices_tell_trouble (Notices *notices, const char *summary, const char *why);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Notices, notices_free)
