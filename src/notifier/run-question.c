/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run-question.h"

#include "names.h"
#include "property-question.h"

typedef struct
{
  WatchedJob *job;
  RunQuestionAnswered answered;
  void *userdata;
} RunQuestion;

/* Consumes @job. */
static RunQuestion *
run_question_new (WatchedJob *job, RunQuestionAnswered answered, void *userdata)
{
  RunQuestion *question = g_new (RunQuestion, 1);

  *question = (RunQuestion){ .job = job, .answered = answered, .userdata = userdata };
  return question;
}

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

/* One that an older hive does not have is not there: it ran workers wherever it could. */
static bool
run_question_says_whether (sd_bus_message *reply)
{
  int runs;

  return sd_bus_message_is_method_error (reply, NULL) || sd_bus_message_read (reply, "v", "b", &runs) < 0 || runs;
}

static int
run_question_on_hive (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  RunQuestion *question = userdata;

  question->answered (question->job, run_question_says_whether (reply), question->userdata);
  return 0;
}

/* It was not asked. Consumes @question. */
static void
run_question_give_up (RunQuestion *question)
{
  question->answered (question->job, false, question->userdata);
  run_question_free (question);
}

static int
run_question_on_worker (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  RunQuestion *question = userdata;
  RunQuestion *next;

  if (!run_question_says_how (reply))
    {
      question->answered (question->job, false, question->userdata);
      return 0;
    }
  next = run_question_new (g_steal_pointer (&question->job), question->answered, question->userdata);
  if (property_question_ask (sd_bus_message_get_bus (reply), HIVE_PATH, HIVE_INTERFACE, "RunsWorkers",
                             run_question_on_hive, next, run_question_free) < 0)
    run_question_give_up (next);
  return 0;
}

void
run_question_ask (sd_bus *bus, WatchedJob *job, RunQuestionAnswered answered, void *userdata)
{
  RunQuestion *question = run_question_new (job, answered, userdata);

  if (property_question_ask_worker (bus, job->worker, "Run", run_question_on_worker, question, run_question_free) < 0)
    run_question_give_up (question);
}
