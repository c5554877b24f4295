/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal.h"

#include <string.h>
#include <unistd.h>

/* data/rbee-hive.catalog has the same. */
#define JOB_ASKED     "201fd118a30946a2875bf0cc03aa9c45"
#define JOB_DONE_ID   "5ada522b97c2472f9980ec5a54c380fb"
#define JOB_FAILED_ID "e715ce9678c84e3498d1d0471bbc525d"
#define JOB_GIVEN_UP  "f29e6cb4d00940e7aa694cf55a6c6f62"

/* GLib's own writer gives no SYSLOG_IDENTIFIER=, and journald would guess one. */
static GLogWriterOutput
journal_writer (GLogLevelFlags level, const GLogField *fields, gsize count, gpointer userdata)
{
  g_autofree GLogField *more = NULL;

  if (!g_log_writer_is_journald (STDERR_FILENO))
    return g_log_writer_default (level, fields, count, userdata);
  more = g_new (GLogField, count + 1);
  memcpy (more, fields, count * sizeof *fields);
  more[count] = (GLogField){ "SYSLOG_IDENTIFIER", "rbee-hived", -1 };
  return g_log_writer_journald (level, more, count + 1, userdata);
}

void
journal_open (void)
{
  g_log_set_writer_func (journal_writer, NULL, NULL);
}

static void
journal_write (const Job *job, GLogLevelFlags level, const char *id, const char *message)
{
  g_autofree char *owner = g_strdup_printf ("%u", (unsigned)job->owner);

  g_log_structured (G_LOG_DOMAIN, level, "MESSAGE_ID", id, "RBEE_JOB", job->id, "RBEE_WORKER", job->worker_id,
                    "RBEE_OWNER", owner, "MESSAGE", "%s", message);
}

static const char *
journal_operation (const Job *job)
{
  static const char *const names[] = {
    [JOB_INSTALL] = "install",
    [JOB_REMOVE] = "remove",
    [JOB_ROLLBACK] = "rollback of",
    [JOB_PULL] = "pull of the model",
    [JOB_IMPORT] = "import of the model",
    [JOB_PUSH] = "push of",
  };

  return names[job->operation];
}

void
journal_job_asked (const Job *job)
{
  g_autofree char *message = g_strdup_printf ("Job %s: %s %s, asked for by uid %u", job->id, journal_operation (job),
                                              job->worker_id, (unsigned)job->owner);

  journal_write (job, G_LOG_LEVEL_MESSAGE, JOB_ASKED, message);
}

void
journal_job_ended (const Job *job)
{
  const char *id = job->state == JOB_DONE ? JOB_DONE_ID : job->state == JOB_FAILED ? JOB_FAILED_ID : JOB_GIVEN_UP;
  GString *message = g_string_new (NULL);
  g_autofree char *text = NULL;

  g_string_printf (message, "Job %s: %s %s: %s", job->id, journal_operation (job), job->worker_id,
                   job_state_name (job->state));
  if (job->error_name)
    g_string_append_printf (message, ", %s: %s", job->error_name, job->error_message);
  text = g_string_free (message, FALSE);
  journal_write (job, job->state == JOB_FAILED ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_MESSAGE, id, text);
}
