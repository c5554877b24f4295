/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "backlog.h"
#include "callers.h"
#include "catalogs.h"
#include "committer.h"
#include "configuration.h"
#include "handed-recipe.h"
#include "install-options.h"
#include "launcher.h"
#include "log-quota.h"
#include "names.h"
#include "queries.h"

typedef struct Hive Hive;
typedef struct Audience Audience;
typedef struct Authority Authority;
typedef struct Capabilities Capabilities;
typedef struct Idle Idle;
typedef struct Instances Instances;
typedef struct History History;
typedef struct Job Job;
typedef struct JobStore JobStore;
typedef struct LineSignals LineSignals;
typedef struct Registry Registry;
typedef struct Scheduler Scheduler;
typedef struct Shutdown Shutdown;
typedef struct RulesWatch RulesWatch;
typedef struct Updates Updates;
typedef struct Verifications Verifications;

typedef enum
{
  JOB_INSTALL,
  JOB_REMOVE,
  JOB_ROLLBACK,
  JOB_PUSH,
  JOB_PULL,   /* of a model, whose name is then its worker_id */
  JOB_IMPORT, /* likewise */
} JobOperation;

/* What jobs and those that run them tell of, without knowing whom. */
typedef struct
{
  void (*changed) (Hive *hive);         /* how many run or wait may be another number now */
  void (*ended) (Hive *hive, Job *job); /* its last signal is out */
} JobObserver;

/* What the daemon is made of; every part has a pointer to it. */
struct Hive
{
  sd_event *event;
  sd_bus *bus;
  Configuration *configuration;
  char *architecture; /* as uname -m says it */

  Authority *authority;
  Callers *callers;
  Audience *audience; /* NULL: everybody */
  Backlog *backlog;
  LogQuota *log_quota;
  Launcher *launcher;
  Queries *queries;
  Catalogs *catalogs;
  Committer *committer;
  Registry *registry;
  Capabilities *capabilities;
  LineSignals *lines;
  JobStore *jobs;
  History *history;
  const JobObserver *observer;
  Scheduler *scheduler;
  Shutdown *shutdown;
  Updates *updates;
  Verifications *verifications;
  Instances *instances;
  GHashTable *leaving; /* of models that are being removed: the paths */
  Idle *idle;          /* NULL where nobody would start the daemon again */

  uint64_t started_at;         /* µs since the epoch */
  sd_event_source *stop_timer; /* while stopping */
  unsigned stop_turns;
  unsigned announced_running; /* what RunningJobs and QueuedJobs were when they were last announced */
  unsigned announced_queued;
  sd_event_source *counts_timer;
  RulesWatch *rules_watch;
};

/* Makes every part, reads the state from disk and puts the objects on @bus. With @units jobs are units of the systemd
 * on that bus, else children of this process. @configuration is owned from success on. */
Hive *hive_new (sd_event *event, sd_bus *bus, Configuration *configuration, bool units, GError **error);
void hive_free (Hive *hive);

/* Recovers transactions and work trees that an earlier run left, then lets jobs start. */
void hive_start (Hive *hive);

/* Leaves the event loop. Jobs that are units go on; others are ended first, as Interrupted, and what cannot be ended is
 * waited for, not for long. Queued jobs stay queued. */
void hive_stop (Hive *hive);

/* Whether a caller waits for an answer. */
bool hive_has_questions (const Hive *hive);

/* Whether a caller waits for an answer or a job for its end. */
bool hive_is_busy (const Hive *hive);

/* Which jobs may begin, and how they do: hive-jobs.c. */

/* Whether hive_install() and hive_remove() would refuse a request now; what can be known before anybody is asked
 * whether the caller may. With an idempotency key (@key) the job may be there already: then only the arguments are
 * looked at. */
bool hive_check_install (Hive *hive, const char *worker_id, const InstallOptions *options, GError **error);

/* Whether @worker_id is not about to be removed; else Busy. */
bool hive_check_stays (Hive *hive, const char *worker_id, GError **error);

bool hive_check_remove (Hive *hive, const char *worker_id, const char *key, GError **error);
bool hive_check_rollback (Hive *hive, const char *worker_id, const char *key, GError **error);

/* The job of an install: a new one, or the one under way for an equal request. @options is copied. Borrowed.
 * Errors: InvalidArgument, Busy, LimitsExceeded, NoSpace, Failed. */
Job *hive_install (Hive *hive, const char *worker_id, const InstallOptions *options, uid_t owner, GError **error);

/* The same by a recipe that was handed over; @options says which. */
Job *hive_install_recipe (Hive *hive, const char *worker_id, const InstallOptions *options, const HandedRecipe *recipe,
                          uid_t owner, GError **error);

/* The job of a removal, likewise; @key: the idempotency key, or NULL. Errors: InvalidArgument, NotInstalled, Busy,
 * LimitsExceeded, NoSpace, Failed. */
Job *hive_remove (Hive *hive, const char *worker_id, const char *key, uid_t owner, GError **error);

/* The job of a rollback, likewise. NotInstalled too when no version is kept. */
Job *hive_rollback (Hive *hive, const char *worker_id, const char *key, uid_t owner, GError **error);

/* The job that puts an installed worker into the store at @url. */
bool hive_check_push (Hive *hive, const char *worker_id, GError **error);
Job *hive_push (Hive *hive, const char *worker_id, const char *url, uid_t owner, GError **error);

/* The job that brings a model: JOB_PULL or JOB_IMPORT, with what job.h says of @model and, borrowed, @input.
 * InvalidArgument, Busy, LimitsExceeded. */
bool hive_check_model (Hive *hive, JobOperation operation, const char *name, const char *key, GError **error);
Job *hive_bring_model (Hive *hive, JobOperation operation, const char *name, JsonObject *model, int input,
                       const char *key, uid_t owner, GError **error);

/* Whether a worker can be started at all: systemd runs them. */
bool hive_runs_workers (const Hive *hive);

/* RunningJobs (those that commit are among them) and QueuedJobs. */
void hive_counts (Hive *hive, unsigned *ret_running, unsigned *ret_queued);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Hive, hive_free)
