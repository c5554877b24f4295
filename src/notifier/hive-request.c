/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hive-request.h"

#include <errno.h>
#include <string.h>

#include "floating-call.h"
#include "names.h"
#include "sentence.h"
#include "watched-job.h"

/* Somebody types a password: the hive loses patience first. */
#define PATIENCE (900 * G_USEC_PER_SEC)

typedef struct
{
  sd_bus *bus;
  HiveRequestFailed failed;
  void *userdata;
} HiveRequest;

static void
hive_request_free (void *data)
{
  HiveRequest *request = data;

  sd_bus_unref (request->bus);
  g_free (request);
}

/* Sends @call (and releases it); @request is freed when its answer was there. */
static int
hive_request_send (HiveRequest *request, sd_bus_message *call, sd_bus_message_handler_t answer)
{
  int r;

  sd_bus_message_set_allow_interactive_authorization (call, true);
  r = floating_call_send (request->bus, call, answer, request, hive_request_free, PATIENCE);
  if (r >= 0)
    return 0;
  request->failed (strerror (-r), request->userdata);
  hive_request_free (request);
  return 0;
}

static HiveRequest *
hive_request_new (sd_bus *bus, HiveRequestFailed failed, void *userdata)
{
  HiveRequest *request = g_new0 (HiveRequest, 1);

  request->bus = sd_bus_ref (bus);
  request->failed = failed;
  request->userdata = userdata;
  return request;
}

static int
hive_request_on_answer (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  const sd_bus_error *refusal = sd_bus_message_get_error (reply);
  HiveRequest *request = userdata;
  g_autofree char *said = NULL;

  /* The person knows what was dismissed; the hive tells it from a refusal by its sentence alone. */
  if (!refusal || (sd_bus_error_has_name (refusal, SD_BUS_ERROR_ACCESS_DENIED) && refusal->message &&
                   strstr (refusal->message, "was dismissed")))
    return 0;
  said = sentence_translate (refusal->message ? refusal->message : refusal->name);
  request->failed (said, request->userdata);
  return 0;
}

void
hive_request_cancel (sd_bus *bus, const char *job, HiveRequestFailed failed, void *userdata)
{
  g_autofree char *path = g_strdup_printf (JOB_PREFIX "/%s", job);
  sd_bus_message *call = NULL;

  if (sd_bus_message_new_method_call (bus, &call, HIVE_NAME, path, JOB_INTERFACE, "Cancel") >= 0)
    hive_request_send (hive_request_new (bus, failed, userdata), call, hive_request_on_answer);
}

void
hive_request_start (sd_bus *bus, const char *worker, HiveRequestFailed failed, void *userdata)
{
  sd_bus_message *call = NULL;

  if (sd_bus_message_new_method_call (bus, &call, HIVE_NAME, HIVE_PATH, HIVE_INTERFACE, "StartWorker") >= 0 &&
      sd_bus_message_append (call, "sa{sv}", worker, 0) >= 0)
    hive_request_send (hive_request_new (bus, failed, userdata), call, hive_request_on_answer);
  else
    sd_bus_message_unref (call);
}

void
hive_request_stop (sd_bus *bus, const char *instance, HiveRequestFailed failed, void *userdata)
{
  sd_bus_message *call = NULL;

  if (sd_bus_message_new_method_call (bus, &call, HIVE_NAME, HIVE_PATH, HIVE_INTERFACE, "StopInstance") >= 0 &&
      sd_bus_message_append (call, "s", instance) >= 0)
    hive_request_send (hive_request_new (bus, failed, userdata), call, hive_request_on_answer);
  else
    sd_bus_message_unref (call);
}

/* Copies the Options among the properties of @reply. */
static int
hive_request_copy_options (sd_bus_message *call, sd_bus_message *reply)
{
  const char *key;
  int r;

  if ((r = sd_bus_message_rewind (reply, true)) < 0 || (r = sd_bus_message_enter_container (reply, 'a', "{sv}")) < 0)
    return r;
  while ((r = sd_bus_message_enter_container (reply, 'e', "sv")) > 0)
    {
      if ((r = sd_bus_message_read (reply, "s", &key)) < 0)
        return r;
      if (g_str_equal (key, "Options"))
        return (r = sd_bus_message_enter_container (reply, 'v', "a{sv}")) < 0 ?
                   r :
                   sd_bus_message_copy (call, reply, false);
      if ((r = sd_bus_message_skip (reply, "v")) < 0 || (r = sd_bus_message_exit_container (reply)) < 0)
        return r;
    }
  return r < 0 ? r : -ENOENT;
}

/* The call that asks for the job, whose properties are @reply, once more. */
static int
hive_request_repeat (sd_bus *bus, sd_bus_message *reply, sd_bus_message **ret)
{
  g_autoptr (WatchedJob) job = watched_job_new ();
  const char *member = "InstallWorkerWithOptions";
  int r = watched_job_read (job, reply);

  if (r < 0)
    return r;
  if (!job->worker || !job->operation)
    return -ENOENT;
  if (g_str_equal (job->operation, "worker_remove"))
    member = "RemoveWorker";
  else if (g_str_equal (job->operation, "worker_rollback"))
    member = "RollbackWorker";
  if ((r = sd_bus_message_new_method_call (bus, ret, HIVE_NAME, HIVE_PATH, HIVE_INTERFACE, member)) < 0 ||
      (r = sd_bus_message_append (*ret, "s", job->worker)) < 0)
    return r;
  return g_str_equal (job->operation, "worker_install") ? hive_request_copy_options (*ret, reply) : 0;
}

static int
hive_request_on_job (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  HiveRequest *request = userdata;
  sd_bus_message *call = NULL;
  int r;

  if (sd_bus_message_is_method_error (reply, NULL))
    return hive_request_on_answer (reply, request, error);
  r = hive_request_repeat (request->bus, reply, &call);
  if (r >= 0)
    return hive_request_send (hive_request_new (request->bus, request->failed, request->userdata), call,
                              hive_request_on_answer);
  sd_bus_message_unref (call);
  request->failed (strerror (-r), request->userdata);
  return 0;
}

void
hive_request_try_again (sd_bus *bus, const char *job, HiveRequestFailed failed, void *userdata)
{
  g_autofree char *path = g_strdup_printf (JOB_PREFIX "/%s", job);
  sd_bus_message *call = NULL;

  if (sd_bus_message_new_method_call (bus, &call, HIVE_NAME, path, "org.freedesktop.DBus.Properties", "GetAll") >= 0 &&
      sd_bus_message_append (call, "s", JOB_INTERFACE) >= 0)
    hive_request_send (hive_request_new (bus, failed, userdata), call, hive_request_on_job);
  else
    sd_bus_message_unref (call);
}
