/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "hive.h"

typedef enum
{
  JOB_QUEUED,
  JOB_RUNNING,
  JOB_COMMITTING,
  JOB_DONE,
  JOB_FAILED,
  JOB_CANCELLED,
} JobState;

/* Properties that change, as bits of what is to be announced. */
typedef enum
{
  JOB_CHANGED_STATE = 1 << 0,
  JOB_CHANGED_PHASE = 1 << 1,
  JOB_CHANGED_PROGRESS = 1 << 2,
  JOB_CHANGED_STARTED = 1 << 3,
  JOB_CHANGED_FINISHED = 1 << 4,
  JOB_CHANGED_LOG_SIZE = 1 << 5,
  JOB_CHANGED_ERROR = 1 << 6,
  JOB_CHANGED_LOOKUPS = 1 << 7,
  JOB_CHANGED_NAME = 1 << 8,
} JobChange;

typedef struct JobRun JobRun;

/* One install, removal or rollback: what job.json has, and while it is active its run. */
struct Job
{
  Hive *hive;
  uint64_t number;
  char *id;
  char *path; /* its object */
  JobOperation operation;
  char *worker_id;
  char *name;              /* what its worker is called (display-name.h); NULL: nobody has said it yet */
  InstallOptions *options; /* installs only */
  JsonObject *model;       /* pulls and imports: `reference`, `sha256`; NULL: another operation */
  int input;               /* imports: the file, as long as this daemon runs; -1: none */
  char *idempotency_key;   /* NULL: not given */
  uid_t owner;
  JobState state;
  const char *phase; /* one of the known ones, or "" */
  double progress;   /* 0 to 1, -1 unknown */
  uint64_t created_at, started_at, finished_at;
  uint64_t log_size;
  char **lookups;                   /* what came of each look into a store; NULL: there was none */
  char *error_name, *error_message; /* NULL unless it failed */
  char *boot_id;                    /* the boot of the machine in which it started; NULL: it has not */
  bool cancelled;                   /* its end was asked for */
  bool built;                       /* its builder has ended: */
  Ending ending;

  JobRun *run;  /* while it is active */
  bool revived; /* older than the newest ones, an object because somebody asked for it */

  unsigned changed; /* of JobChange: not announced yet */
  uint64_t announced_at;
  sd_event_source *announce_timer;
};

Job *job_new (Hive *hive, uint64_t number, JobOperation operation, const char *worker_id);
void job_free (Job *job);

/* Answers a call that asked for a job with its path, or with @failure where @job is NULL. */
int job_reply (Job *job, const GError *failure, sd_bus_message *message, sd_bus_error *error);

/* The number that @id stands for: ids are numbers without leading zeros. 0: it is not a job's id. */
uint64_t job_id_parse (const char *id);

bool job_is_active (const Job *job);
const char *job_state_name (JobState state);

/* What its worker is called: its id, as long as no name is known. */
const char *job_name (const Job *job);
const char *job_operation_name (JobOperation operation);
bool job_operation_is_on_models (JobOperation operation);

/* The known phase of that name, or NULL. */
const char *job_phase_find (const char *name, size_t length);

/* job.json, both ways. From JSON: Failed, naming @name, when it is damaged. */
JsonObject *job_to_json (const Job *job);
Job *job_from_json (Hive *hive, uint64_t number, JsonObject *object, const char *name, GError **error);

/* Each sets what is a property and has it announced (at most 10 times a second). */
void job_set_state (Job *job, JobState state);
void job_set_phase (Job *job, const char *phase);
void job_set_progress (Job *job, double progress);
void job_set_log_size (Job *job, uint64_t size);
void job_set_error (Job *job, const GError *error);

/* @said is a builder's, or of a record: where it has no name that can be shown, the one before stays. */
void job_set_name (Job *job, const char *said);

/* @words is a builder's: what is not a kind of a lookup is left out, and what is too much. */
void job_set_lookups (Job *job, char *const *words);

/* It starts: in this boot of the machine. */
void job_set_boot (Job *job);

/* Whether what it started may still run: the machine was not rebooted since. */
bool job_is_of_this_boot (const Job *job);

/* Announces now what has changed. */
void job_announce (Job *job);

/* Its last signals: of its object, and of the hive's for those who watch all jobs. */
void job_tell_finished (const Job *job);

/* One more property set changed, by bits of JobChange. */
void job_changed (Job *job, unsigned changes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Job, job_free)
