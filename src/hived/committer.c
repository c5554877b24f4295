/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "committer.h"

#include <unistd.h>

#include "error.h"
#include "file.h"
#include "json.h"

#define CLEANS_MAX 4

typedef struct
{
  Committer *committer;
  CommitVerb verb;
  char *request;
  int log_fd;
  Child *child;
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
  [COMMIT_INSTALL] = "install",
  [COMMIT_REMOVE] = "remove",
  [COMMIT_RECOVER] = "recover",
  [COMMIT_CLEAN] = "clean",
};

static void
commit_free (Commit *commit)
{
  child_free (commit->child);
  g_free (commit->request);
  g_free (commit);
}

static bool
committer_may_start (const Committer *committer, const Commit *commit)
{
  unsigned cleans = 0, others = 0;

  for (const GList *each = committer->running.head; each; each = each->next)
    if (((const Commit *)each->data)->verb == COMMIT_CLEAN)
      cleans++;
    else
      others++;
  return commit->verb == COMMIT_CLEAN ? cleans < CLEANS_MAX : others == 0;
}

static void
committer_wake (Committer *committer)
{
  sd_event_source_set_enabled (committer->starter, SD_EVENT_ONESHOT);
}

static void
commit_finish (Commit *commit, const siginfo_t *status, const GError *failure)
{
  Committer *committer = commit->committer;

  g_queue_remove (&committer->running, commit);
  committer_wake (committer);
  commit->handler (status, failure, commit->userdata);
  commit_free (commit);
}

static void
commit_handle_exit (const siginfo_t *status, void *userdata)
{
  commit_finish (userdata, status, NULL);
}

static bool
commit_start (Commit *commit, GError **error)
{
  const Configuration *configuration = commit->committer->configuration;
  g_autofree char *program = g_build_filename (configuration->libexec_directory, "rbee-hive-commit", NULL);
  char *arguments[] = { program, (char *)"--config", configuration->path, (char *)commit_verbs[commit->verb], NULL };
  char *defaults[] = { program, (char *)commit_verbs[commit->verb], NULL };
  g_auto (Fd) input = file_memory ("request", commit->request, -1, error);

  if (input < 0)
    return false;
  commit->child = launcher_start (commit->committer->launcher,
                                  &(Launch){ .arguments = configuration->path ? arguments : defaults,
                                             .input = input,
                                             .output = commit->log_fd,
                                             .uid = geteuid () },
                                  commit_handle_exit, commit, error);
  return commit->child != NULL;
}

static int
committer_handle_start (sd_event_source *source, void *userdata)
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
          commit_finish (commit, NULL, error); /* its handler may have queued more: look again from the start */
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
  if (sd_event_add_defer (event, &committer->starter, committer_handle_start, committer) < 0)
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
  for (GList *each = committer->running.head; each; each = each->next)
    {
      Commit *commit = each->data;

      child_abandon (g_steal_pointer (&commit->child));
    }
  g_queue_clear_full (&committer->running, (GDestroyNotify)commit_free);
  g_free (committer);
}

void
committer_run (Committer *committer, CommitVerb verb, JsonObject *request, int log_fd, CommitHandler handler,
               void *userdata)
{
  Commit *commit = g_new0 (Commit, 1);

  *commit = (Commit){ .committer = committer,
                      .verb = verb,
                      .request = json_to_text (request, false),
                      .log_fd = log_fd,
                      .handler = handler,
                      .userdata = userdata };
  g_queue_push_tail (&committer->waiting, commit);
  committer_wake (committer);
}

bool
committer_is_idle (const Committer *committer)
{
  return g_queue_is_empty ((GQueue *)&committer->waiting) && g_queue_is_empty ((GQueue *)&committer->running);
}
