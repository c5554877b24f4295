/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verification.h"

#include "bus-dict.h"
#include "capture.h"
#include "error.h"
#include "json.h"

#define TIMEOUT    (10 * 60 * G_USEC_PER_SEC)
#define ANSWER_MAX (8 * 1024 * 1024)
#define USER_MAX   2
#define EVERYBODYS 16 /* root's aside */

struct Verifications
{
  Hive *hive;
  GPtrArray *running; /* of Verification */
};

typedef struct
{
  Verifications *verifications;
  sd_bus_message *message;
  sd_bus_track *caller;
  uid_t uid;
  Capture *capture;
} Verification;

static void
verification_free (void *data)
{
  Verification *verification = data;

  capture_free (verification->capture);
  sd_bus_track_unref (verification->caller);
  sd_bus_message_unref (verification->message);
  g_free (verification);
}

Verifications *
verifications_new (Hive *hive)
{
  Verifications *verifications = g_new0 (Verifications, 1);

  verifications->hive = hive;
  verifications->running = g_ptr_array_new_with_free_func (verification_free);
  return verifications;
}

void
verifications_free (Verifications *verifications)
{
  if (!verifications)
    return;
  g_ptr_array_unref (verifications->running);
  g_free (verifications);
}

bool
verifications_are_idle (const Verifications *verifications)
{
  return verifications->running->len == 0;
}

/* `{"problems":[[path, what]…]}` as a(ss). */
static int
verification_append (sd_bus_message *reply, JsonObject *answer)
{
  JsonNode *node = json_object_get_member (answer, "problems");
  JsonArray *problems = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  int r;

  r = sd_bus_message_open_container (reply, 'a', "(ss)");
  for (guint i = 0; r >= 0 && problems && i < json_array_get_length (problems); i++)
    {
      JsonNode *problem = json_array_get_element (problems, i);
      JsonArray *pair = JSON_NODE_HOLDS_ARRAY (problem) ? json_node_get_array (problem) : NULL;

      if (!pair || json_array_get_length (pair) != 2 ||
          json_node_get_value_type (json_array_get_element (pair, 0)) != G_TYPE_STRING ||
          json_node_get_value_type (json_array_get_element (pair, 1)) != G_TYPE_STRING)
        continue;
      r = sd_bus_message_append (reply, "(ss)", json_array_get_string_element (pair, 0),
                                 json_array_get_string_element (pair, 1));
    }
  return r < 0 ? r : sd_bus_message_close_container (reply);
}

static void
verification_answer (const Verification *verification, JsonObject *answer, int code, const GError *failure)
{
  g_autoptr (GError) error = NULL;
  sd_bus_message *reply = NULL;
  int name = HIVE_ERROR_FAILED;

  if (failure)
    error = g_error_copy (failure);
  else if (code != 0)
    {
      hive_error_from_name (json_get_string (answer, "error", ""), &name);
      error =
          g_error_new_literal (HIVE_ERROR, name, json_get_string (answer, "message", "The files cannot be verified"));
    }
  if (error)
    bus_reply_gerror (verification->message, error);
  else if (sd_bus_message_new_method_return (verification->message, &reply) >= 0 &&
           verification_append (reply, answer) >= 0)
    sd_bus_send (NULL, reply, NULL);
  sd_bus_message_unref (reply);
}

static void
verification_on_answer (const char *text, size_t size, int code, const GError *failure, void *userdata)
{
  Verification *verification = userdata;
  g_autoptr (GError) error = failure ? g_error_copy (failure) : NULL;
  g_autoptr (JsonObject) answer = NULL;

  if (!error)
    answer = json_parse_object (text, (ssize_t)size, "The answer of rbee-hive-commit", HIVE_ERROR_FAILED, &error);
  verification_answer (verification, answer, code, error);
  g_ptr_array_remove_fast (verification->verifications->running, verification);
}

static int
verification_on_departure (sd_bus_track *track, void *userdata)
{
  Verification *verification = userdata;

  g_ptr_array_remove_fast (verification->verifications->running, verification);
  return 0;
}

/* Whether one more may run. Nobody keeps root from looking at the machine. */
static bool
verifications_check_room (const Verifications *verifications, uid_t uid, GError **error)
{
  guint of_user = 0, of_others = 0;

  for (guint i = 0; i < verifications->running->len; i++)
    {
      const Verification *verification = verifications->running->pdata[i];

      of_user += verification->uid == uid;
      of_others += verification->uid != uid && verification->uid != 0;
    }
  if (of_user < USER_MAX && (uid == 0 || of_user + of_others < EVERYBODYS))
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
               "%u workers and models are being verified for user %u, and %u for others; ask again when one is done",
               of_user, (unsigned)uid, of_others);
  return false;
}

static bool
verification_start (Verification *verification, const char *key, const char *name, GError **error)
{
  const Hive *hive = verification->verifications->hive;
  g_autofree char *program = g_build_filename (hive->configuration->libexec_directory, "rbee-hive-commit", NULL);
  g_autofree char *input = g_strdup_printf ("{\"%s\":\"%s\"}", key, name);
  char *config = (char *)(hive->configuration->path ? "--config" : NULL);
  char *arguments[] = { program, (char *)"verify", config, hive->configuration->path, NULL };
  int r;

  if ((r = sd_bus_track_new (hive->bus, &verification->caller, verification_on_departure, verification)) < 0 ||
      (r = sd_bus_track_add_sender (verification->caller, verification->message)) < 0)
    return hive_error_set_errno (error, -r, "Cannot watch for the caller's departure");
  verification->capture = capture_start (hive->launcher, hive->event,
                                         &(CaptureSpec){ .arguments = arguments,
                                                         .input = input,
                                                         .role = LAUNCH_COMMIT,
                                                         .description = "Verification of what is installed",
                                                         .max_size = ANSWER_MAX,
                                                         .timeout = TIMEOUT },
                                         verification_on_answer, verification, error);
  return verification->capture != NULL;
}

/* @name has no character that JSON would escape. */
static int
verifications_begin (Verifications *verifications, sd_bus_message *message, const char *key, const char *name,
                     sd_bus_error *error)
{
  uid_t uid = callers_uid (verifications->hive->callers, message);
  g_autoptr (GError) failure = NULL;
  Verification *verification;

  if (!verifications_check_room (verifications, uid, &failure))
    return bus_error_from_gerror (error, failure);
  verification = g_new0 (Verification, 1);
  verification->verifications = verifications;
  verification->message = sd_bus_message_ref (message);
  verification->uid = uid;
  if (!verification_start (verification, key, name, &failure))
    {
      verification_free (verification);
      return bus_error_from_gerror (error, failure);
    }
  g_ptr_array_add (verifications->running, verification);
  return 1;
}

int
verifications_start (Verifications *verifications, sd_bus_message *message, const char *worker_id, sd_bus_error *error)
{
  return verifications_begin (verifications, message, "worker_id", worker_id, error);
}

int
verifications_start_model (Verifications *verifications, sd_bus_message *message, const char *model,
                           sd_bus_error *error)
{
  return verifications_begin (verifications, message, "model", model, error);
}
