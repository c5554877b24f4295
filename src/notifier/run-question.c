/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run-question.h"

#include <stdlib.h>

#include "floating-call.h"
#include "names.h"

typedef struct
{
  WatchedJob *job;
  RunQuestionAnswered answered;
  void *userdata;
} RunQuestion;

static void
run_question_free (void *data)
{
  RunQuestion *question = data;

  watched_job_free (question->job);
  g_free (question);
}

/* Whether the property Run has something in it. */
static bool
run_question_says_how (sd_bus_message *reply)
{
  return !sd_bus_message_is_method_error (reply, NULL) && sd_bus_message_enter_container (reply, 'v', "a{sv}") > 0 &&
         sd_bus_message_enter_container (reply, 'a', "{sv}") > 0 && sd_bus_message_at_end (reply, false) == 0;
}

static int
run_question_on_answer (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  RunQuestion *question = userdata;

  question->answered (question->job, run_question_says_how (reply), question->userdata);
  return 0;
}

static int
run_question_call (sd_bus *bus, sd_bus_message **ret_call, const WatchedJob *job)
{
  char *path = NULL;
  int r;

  if ((r = sd_bus_path_encode (WORKER_PREFIX, job->worker, &path)) >= 0 &&
      (r = sd_bus_message_new_method_call (bus, ret_call, HIVE_NAME, path, "org.freedesktop.DBus.Properties", "Get")) >=
          0 &&
      (r = sd_bus_message_set_auto_start (*ret_call, false)) >= 0)
    r = sd_bus_message_append (*ret_call, "ss", WORKER_INTERFACE, "Run");
  free (path);
  return r;
}

void
run_question_ask (sd_bus *bus, WatchedJob *job, RunQuestionAnswered answered, void *userdata)
{
  RunQuestion *question = g_new0 (RunQuestion, 1);
  sd_bus_message *call = NULL;
  int r = run_question_call (bus, &call, job);

  *question = (RunQuestion){ .job = job, .answered = answered, .userdata = userdata };
  if (r >= 0)
    r = floating_call_send (bus, call, run_question_on_answer, question, run_question_free, 0);
  else
    sd_bus_message_unref (call);
  if (r >= 0)
    return;
  answered (job, false, userdata);
  run_question_free (question);
}
