/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "update-question.h"

#include <glib.h>

#include "property-question.h"

typedef struct
{
  char *worker, *version;
  UpdateQuestionAnswered answered;
  void *userdata;
} UpdateQuestion;

static void
update_question_free (void *data)
{
  UpdateQuestion *question = data;

  g_free (question->worker);
  g_free (question->version);
  g_free (question);
}

static int
update_question_on_answer (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  UpdateQuestion *question = userdata;
  const char *name = question->worker;

  if (!sd_bus_message_is_method_error (reply, NULL) && sd_bus_message_read (reply, "v", "s", &name) < 0)
    name = question->worker;
  question->answered (name, question->version, question->userdata);
  return 0;
}

void
update_question_ask (sd_bus *bus, const char *worker, const char *version, UpdateQuestionAnswered answered,
                     void *userdata)
{
  UpdateQuestion *question = g_new0 (UpdateQuestion, 1);

  *question = (UpdateQuestion){
    .worker = g_strdup (worker), .version = g_strdup (version), .answered = answered, .userdata = userdata
  };
  if (property_question_ask_worker (bus, worker, "Name", update_question_on_answer, question, update_question_free) >=
      0)
    return;
  answered (worker, version, userdata);
  update_question_free (question);
}
