/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "committer.h"

#include <unistd.h>

#include "credentials.h"
#include "error.h"
#include "file.h"
#include "job.h"
#include "json.h"

#define CLEANS_MAX 4

typedef struct
{
  Committer *committer;
  CommitVerb verb;
  char *folder;   /* that a push writes to; NULL: none */
  char *request;  /* NULL: an earlier daemon's run is waited for */
  const Job *job; /* NULL: none */
  int log_fd;
  Child *child;
  Ending ending;
  char *message; /* of the ending */
  CommitHandler handler;
  void *userdata;
} Commit;

struct Committer
{
  sd_event *event;
  Launcher *launcher;
  const Configuration *configuration;
  GQueue waiting; /* of Commit */
  GQueue running; /* of Commit */
  sd_event_source *starter;
};

static const char *const commit_verbs[] = {
  [COMMIT_INSTALL] = "install",           [COMMIT_REMOVE] = "remove", [COMMIT_ROLLBACK] = "rollback",
  [COMMIT_RECOVER] = "recover",           [COMMIT_CLEAN] = "clean",   [COMMIT_MODEL] = "model-add",
  [COMMIT_MODEL_REMOVE] = "model-remove", [COMMIT_PUSH] = "push",
};

static void
commit_free (Commit *commit)
{
  child_free (commit->child);
  g_free (commit->request);
  g_free (commit->folder);
  g_free (commit->message);
  g_free (commit);
}

/* Which of them keep out of each other's way, and how many of those may run. */
static unsigned
commit_kind (CommitVerb verb, unsigned *ret_max)
{
  *ret_max = verb == COMMIT_CLEAN ? CLEANS_MAX : 1;
  return verb == COMMIT_CLEAN                                ? 1 :
         verb == COMMIT_MODEL || verb == COMMIT_MODEL_REMOVE ? 2 :
         verb == COMMIT_PUSH                                 ? 3 :
                                                               0;
}

static bool
committer_may_start (const Committer *committer, const Commit *commit)
{
  unsigned max, other, running = 0, kind = commit_kind (commit->verb, &max);

  for (const GList *each = committer->running.head; each; each = each->next)
    running += commit_kind (((const Commit *)each->data)->verb, &other) == kind;
  return running < max;
}

static void
committer_wake (Committer *committer)
{
  sd_event_source_set_enabled (committer->starter, SD_EVENT_ONESHOT);
}

static void
commit_finish (void *userdata)
{
  Commit *commit = userdata;
  Committer *committer = commit->committer;

  g_queue_remove (&committer->running, commit);
  committer_wake (committer);
  commit->handler (&commit->ending, commit->userdata);
  commit_free (commit);
}

static void
commit_on_exit (const Ending *ending, void *userdata)
{
  Commit *commit = userdata;

  commit->message = g_strdup (ending->message);
  commit->ending = (Ending){ ending->kind, ending->number, commit->message };
  child_collect (commit->child, commit_finish, commit);
}

static void
commit_fail (Commit *commit, const GError *error)
{
  commit->ending = (Ending){ .kind = ENDING_NOT_STARTED, .message = error->message };
  commit_finish (commit);
}

static bool
commit_start (Commit *commit, GError **error)
{
  Committer *committer = commit->committer;
  const Configuration *configuration = committer->configuration;
  bool push = commit->verb == COMMIT_PUSH;
  g_autofree char *program =
      g_build_filename (configuration->libexec_directory, push ? "rbee-hive-pack" : "rbee-hive-commit", NULL);
  char *config = (char *)(configuration->path ? "--config" : NULL);
  char *arguments[] = { program, (char *)commit_verbs[commit->verb], config, configuration->path, NULL };
  const Job *job = commit->job;
  g_autofree char *name = job ? g_strconcat ("rbee-commit-", job->id, NULL) : NULL;
  g_autofree char *description = job && push ? g_strdup_printf ("Push of %s (job %s)", job->worker_id, job->id) :
                                 job         ? g_strdup_printf ("Commit of %s (job %s)", job->worker_id, job->id) :
                                               g_strdup_printf ("Commit: %s", commit_verbs[commit->verb]);
  g_auto (Fd) input = -1;

  if (!commit->request)
    commit->child = launcher_adopt (committer->launcher, name, commit_on_exit, commit);
  else if ((input = file_memory ("request", commit->request, -1, error)) >= 0)
    commit->child = launcher_start (committer->launcher,
                                    &(Launch){ .role = push ? LAUNCH_PUSH : LAUNCH_COMMIT,
                                               .tokens = push ? CREDENTIALS_PUSH : NULL,
                                               .writes = push ? commit->folder : NULL,
                                               .arguments = arguments,
                                               .description = description,
                                               .input = input,
                                               .output = commit->log_fd,
                                               .name = name,
                                               .job_id = job ? job->id : NULL,
                                               .worker_id = job ? job->worker_id : NULL },
                                    commit_on_exit, commit, error);
  else
    return false;
  if (!commit->child && !*error)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_FAILED, "nothing of an earlier daemon runs on");
  return commit->child != NULL;
}

static int
committer_on_start (sd_event_source *source, void *userdata)
{
  Committer *committer = userdata;

  for (GList *each = committer->waiting.head, *next; each; each = next)
    {
      Commit *commit = each->data;
      g_autoptr (GError) error = NULL;

      next = each->next;
      if (!committer_may_start (committer, commit))
        continue;
      g_queue_delete_link (&committer->waiting, each);
      g_queue_push_tail (&committer->running, commit);
      if (!commit_start (commit, &error))
        {
          commit_fail (commit, error); /* its handler may have queued more: look again from the start */
          return 0;
        }
    }
  return 0;
}

Committer *
committer_new (sd_event *event, Launcher *launcher, const Configuration *configuration)
{
  Committer *committer = g_new0 (Committer, 1);

  committer->event = event;
  committer->launcher = launcher;
  committer->configuration = configuration;
  g_queue_init (&committer->waiting);
  g_queue_init (&committer->running);
  if (sd_event_add_defer (event, &committer->starter, committer_on_start, committer) < 0)
    g_error ("Out of memory");
  sd_event_source_set_enabled (committer->starter, SD_EVENT_OFF);
  return committer;
}

void
committer_free (Committer *committer)
{
  if (!committer)
    return;
  sd_event_source_disable_unref (committer->starter);
  g_queue_clear_full (&committer->waiting, (GDestroyNotify)commit_free);
  g_queue_clear_full (&committer->running, (GDestroyNotify)commit_free);
  g_free (committer);
}

static void
committer_add (Committer *committer, Commit commit)
{
  commit.committer = committer;
  g_queue_push_tail (&committer->waiting, g_memdup2 (&commit, sizeof commit));
  committer_wake (committer);
}

void
committer_run (Committer *committer, CommitVerb verb, JsonObject *request, CommitHandler handler, void *userdata)
{
  committer_add (committer, (Commit){ .verb = verb,
                                      .request = json_to_text (request, false),
                                      .log_fd = -1,
                                      .handler = handler,
                                      .userdata = userdata });
}

void
committer_run_job (Committer *committer, CommitVerb verb, JsonObject *request, const Job *job, int log_fd,
                   CommitHandler handler, void *userdata)
{
  const char *url = verb == COMMIT_PUSH ? json_get_string (request, "url", "") : "";

  committer_add (committer, (Commit){ .verb = verb,
                                      .folder = g_strdup (store_folder (url)),
                                      .request = json_to_text (request, false),
                                      .job = job,
                                      .log_fd = log_fd,
                                      .handler = handler,
                                      .userdata = userdata });
}

void
committer_adopt_job (Committer *committer, const Job *job, CommitHandler handler, void *userdata)
{
  committer_add (committer, (Commit){ .verb = job->model ? COMMIT_MODEL : COMMIT_INSTALL,
                                      .job = job,
                                      .log_fd = -1,
                                      .handler = handler,
                                      .userdata = userdata });
}

bool
committer_is_idle (const Committer *committer)
{
  return g_queue_is_empty ((GQueue *)&committer->waiting) && g_queue_is_empty ((GQueue *)&committer->running);
}
