/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "errand.h"

#include <signal.h>
#include <string.h>

#include "json.h"
#include "sandbox.h"

static volatile sig_atomic_t done;

static void
handle_done (int signal)
{
  done = 1;
}

void
errand_listen (void)
{
  struct sigaction action = { .sa_handler = handle_done, .sa_flags = SA_RESTART };

  sigaction (SIGUSR1, &action, NULL);
}

static bool
errand_tell (Builder *builder, const char *what, char *const *names, GError **error)
{
  g_autoptr (JsonObject) question = json_object_new ();
  g_autofree char *text = NULL;
  int r;

  json_set_strings (question, what, names);
  text = json_to_text (question, false);
  if (strlen (text) > LOG_TEXT_MAX)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED, "More is missing than can be asked for in one go");
      return false;
    }
  r = log_writer_write (builder->log, builder->phase, LOG_STREAM_RESULT, text, -1);
  return r >= 0 || hive_error_set_errno (error, -r, "Cannot write to the job's log");
}

bool
errand_run (Builder *builder, const char *what, char *const *names, GError **error)
{
  sigset_t signals, before;
  bool told;

  sigemptyset (&signals);
  sigaddset (&signals, SIGUSR1);
  sigaddset (&signals, SIGTERM);
  sigaddset (&signals, SIGINT);
  /* None of them may come between looking and waiting. */
  sigprocmask (SIG_BLOCK, &signals, &before);
  done = 0;
  told = errand_tell (builder, what, names, error);
  while (told && !done && !sandbox_was_cancelled ())
    sigsuspend (&before);
  sigprocmask (SIG_SETMASK, &before, NULL);
  return told && sandbox_check_cancelled (error) && errand_tell (builder, what, (char *[]){ NULL }, error);
}
