/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "launcher.h"

/* Runs rbee-hive-commit. Whatever touches installed files goes one at a time, in order; removing work trees goes beside
 * it. */
typedef struct Committer Committer;
typedef struct Job Job;

typedef enum
{
  COMMIT_INSTALL,
  COMMIT_REMOVE,
  COMMIT_ROLLBACK,
  COMMIT_RECOVER,
  COMMIT_CLEAN,
  COMMIT_MODEL, /* takes a model from a work tree; models may lie on another file system, so nobody waits for it */
  COMMIT_MODEL_REMOVE,
  COMMIT_PUSH, /* by rbee-hive-pack, and beside the others */
} CommitVerb;

/* Called once when the run is over and nothing of it is left. */
typedef void (*CommitHandler) (const Ending *ending, void *userdata);

Committer *committer_new (sd_event *event, Launcher *launcher, const Configuration *configuration);

/* A run under way is left to end by itself: it is a transaction. */
void committer_free (Committer *committer);

/* Queues a run of @verb with @request on its standard input. @handler comes from the event loop, never from inside this
 * call. */
void committer_run (Committer *committer, CommitVerb verb, JsonObject *request, CommitHandler handler, void *userdata);

/* The same for a job, with its log @log_fd (borrowed until @handler) as the output. */
void committer_run_job (Committer *committer, CommitVerb verb, JsonObject *request, const Job *job, int log_fd,
                        CommitHandler handler, void *userdata);

/* Waits for the run that an earlier daemon started for @job; where there is none it ends as ENDING_UNKNOWN. */
void committer_adopt_job (Committer *committer, const Job *job, CommitHandler handler, void *userdata);

/* True when nothing runs and nothing waits. */
bool committer_is_idle (const Committer *committer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Committer, committer_free)
