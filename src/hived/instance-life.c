/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* systemd's words move it on, in instance_consider():
 *
 *   made ── its socket listens ── the call that started it is answered ── knocked ── starting ── ready ⇄ listening
 *     │                                                                               │          │
 *     └── cannot be made: failed, or gone when a call waits                           └──────────┴── given up: failed
 *
 * instance_end() has its units end from everywhere; then it is made again, or dropped. */
#include "instance-life.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bus-dict.h"
#include "error.h"
#include "file.h"
#include "instance-object.h"
#include "instance-start.h"
#include "instance-units.h"
#include "instances.h"
#include "registry.h"

#define SYSTEMD         "org.freedesktop.systemd1"
#define SYSTEMD_PATH    "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define LINES_MAX       (16 * 1024)
#define LINES_TIMEOUT   (20 * G_USEC_PER_SEC)
#define RETRY_PAUSE     (100 * 1000)
#define RETRIES         50

static void instance_consider (void *userdata);

/* Tells systemd @method of each of its units; @mode: of the job that is made of it, or NULL: it makes none. */
static void
instance_tell_all (const Instance *instance, const char *method, const char *mode)
{
  for (InstanceUnitKind kind = INSTANCE_SOCKET; kind < INSTANCE_UNITS; kind++)
    sd_bus_call_method_async (instance->hive->bus, NULL, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, method, NULL, NULL,
                              mode ? "ss" : "s", instance->units[kind]->name, mode);
}

/* What was known of the units may be old. */
static void
instance_ask_all (Instance *instance)
{
  for (InstanceUnitKind kind = INSTANCE_SOCKET; kind < INSTANCE_UNITS; kind++)
    {
      instance->units[kind]->known = false;
      instance_unit_ask (instance->units[kind]);
    }
}

static bool
instance_is_known (const Instance *instance)
{
  bool known = true;

  for (InstanceUnitKind kind = INSTANCE_SOCKET; kind < INSTANCE_UNITS; kind++)
    known = known && instance->units[kind]->known;
  return known;
}

static bool
instance_is_gone (const Instance *instance)
{
  bool gone = true;

  for (InstanceUnitKind kind = INSTANCE_SOCKET; kind < INSTANCE_UNITS; kind++)
    gone = gone && unit_state_is_gone (&instance->units[kind]->state);
  return gone;
}

/* systemd tells of more changes of its units than there is to tell of the instance. */
static void
instance_set_state (Instance *instance, InstanceState state)
{
  const UnitState *worker = &instance->units[INSTANCE_WORKER]->state;
  bool same = state == instance->told.state && worker->since == instance->told.since &&
              worker->main_pid == instance->told.main_pid && worker->restarts == instance->told.restarts;

  instance->state = state;
  if (!instance->announced || same)
    return;
  instance->told.state = state;
  instance->told.since = worker->since;
  instance->told.main_pid = worker->main_pid;
  instance->told.restarts = worker->restarts;
  instance_object_announce_change (instance);
}

/* Why it failed; the daemon that follows this one is to know it too. */
static void
instance_keep_error (const Instance *instance)
{
  g_autoptr (GError) error = NULL;

  if (!instance_write (instance, &error))
    g_warning ("%s", error->message);
}

static void
instance_set_error (Instance *instance, int code, const char *message)
{
  g_free (instance->error);
  instance->error_code = code;
  instance->error = g_strdup (message);
}

/* Forgets it: @instance is not valid any more. */
static void
instance_drop (Instance *instance)
{
  instance_forget (instance);
  if (instance->announced)
    instance_object_announce_removed (instance);
  for (guint i = 0; i < instance->stops->len; i++)
    sd_bus_reply_method_return (instance->stops->pdata[i], NULL);
  if (instance->start)
    {
      g_autoptr (GError) failure =
          g_error_new_literal (HIVE_ERROR, MAX (instance->error_code, 0),
                               instance->error ? instance->error : N_ ("The instance was stopped while it started"));

      bus_reply_gerror (instance->start, failure);
    }
  instances_remove (instance->hive->instances, instance);
}

/* Ends its units: what follows is said by @goal, when nothing of them is left. */
static void
instance_end (Instance *instance, InstanceGoal goal)
{
  instance->goal = goal;
  instance->retry = sd_event_source_disable_unref (instance->retry);
  instance->making = sd_bus_slot_unref (instance->making);
  g_clear_pointer (&instance->lines, capture_free);
  instance_tell_all (instance, "StopUnit", "replace");
  instance_ask_all (instance);
  instance_set_state (instance, INSTANCE_STOPPING);
}

static void instance_make (Instance *instance);

static int
instance_on_retry (sd_event_source *source, uint64_t usec, void *userdata)
{
  Instance *instance = userdata;

  instance->retry = sd_event_source_disable_unref (instance->retry);
  instance_make (instance);
  return 0;
}

/* It cannot be made: a call that waits for it has the error, and then it is gone; else it stays, failed. */
static void
instance_fail_to_make (Instance *instance, int code, const char *message)
{
  instance_set_error (instance, code, message);
  if (instance->start)
    {
      instance_end (instance, INSTANCE_REMOVE);
      return;
    }
  instance->made = instance->given_up = instance->diagnosed = true;
  instance_keep_error (instance);
  instance_tell_all (instance, "StopUnit", "replace");
  instance_set_state (instance, INSTANCE_FAILED);
}

static int
instance_on_made (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Instance *instance = userdata;
  const sd_bus_error *failure = sd_bus_message_get_error (message);

  instance->making = sd_bus_slot_unref (instance->making);
  /* Units that were ended a moment ago are forgotten by systemd a moment later. */
  if (sd_bus_error_has_name (failure, "org.freedesktop.systemd1.UnitExists") && instance->retries++ < RETRIES &&
      sd_event_add_time_relative (instance->hive->event, &instance->retry, CLOCK_MONOTONIC, RETRY_PAUSE, 0,
                                  instance_on_retry, instance) >= 0)
    return 0;
  if (failure)
    {
      instance_fail_to_make (instance, HIVE_ERROR_FAILED, failure->message);
      return 0;
    }
  instance->made = true;
  instance_ask_all (instance);
  return 0;
}

/* Asks systemd for its units; they are as worker, rule and model are now. */
static void
instance_make (Instance *instance)
{
  Hive *hive = instance->hive;
  g_autoptr (GError) failure = NULL;
  const WorkerRecord *record = registry_get (hive->registry, instance->worker_id, &failure);
  sd_bus_message *call = NULL;

  if (record && instance_prepare (instance, record, &failure) &&
      (!instance->model || instance_model_link (instance->model, instance->options->name, &failure)))
    call = instance_units_call (instance, record, &failure);
  if (!call)
    {
      instance_fail_to_make (instance, failure->code, failure->message);
      return;
    }
  instance->made = instance->knocked = instance->was_ready = instance->given_up = instance->diagnosed = false;
  g_clear_pointer (&instance->error, g_free);
  instance->error_code = -1;
  instance->state = INSTANCE_STARTING;
  if (!instance_write (instance, &failure) || !instance_mark (instance, &failure))
    instance_fail_to_make (instance, failure->code, failure->message);
  else if (sd_bus_call_async (hive->bus, &instance->making, call, instance_on_made, instance, 0) < 0)
    instance_fail_to_make (instance, HIVE_ERROR_FAILED, "Cannot ask systemd for the units");
  sd_bus_message_unref (call);
}

/* Found again: in this boot its units are there, or were ended; after a boot they are made when it is to be there. */
static void
instance_recover (Instance *instance)
{
  if (instance_is_marked (instance, &instance->goal))
    {
      instance->made = true;
      instance->was_ready = instance->goal == INSTANCE_LISTEN;
      instance->given_up = instance->error != NULL;
      if (instance->given_up)
        instance_tell_all (instance, "StopUnit", "replace");
      instance_consider (instance);
      return;
    }
  if (!instance->options->boot)
    {
      instance_drop (instance);
      return;
    }
  instance->goal = instance->options->idle_stop > 0 ? INSTANCE_LISTEN : INSTANCE_RUN;
  instance_make (instance);
}

/* Told to end, it has: systemd forgets what failed of it. */
static void
instance_ended (Instance *instance)
{
  instance_tell_all (instance, "ResetFailedUnit", NULL);
  if (instance->goal == INSTANCE_REMOVE)
    {
      instance_drop (instance);
      return;
    }
  instance->goal = INSTANCE_RUN;
  instance->retries = 0;
  instance_make (instance);
}

/* The socket listens: a connection has it start the proxy, as the first request would, and with that the worker. It
 * stays in the kernel's queue when the daemon dies, and the proxy, which counts its idle time from the end of a
 * connection alone, has one. */
static void
instance_knock (Instance *instance)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autofree char *path = instance_socket_path (instance);
  g_autofree char *message = NULL;
  g_auto (Fd) fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  instance->knocked = true;
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  /* A full queue has connections that start it. */
  if ((fd < 0 || connect (fd, (struct sockaddr *)&address, sizeof address) < 0) && errno != EAGAIN)
    message = g_strdup_printf (N_ ("Cannot connect to its socket %s: %s"), path, g_strerror (errno));
  if (message)
    instance_fail_to_make (instance, HIVE_ERROR_FAILED, message);
}

/* The worker was started: from here on systemd alone starts it. */
static void
instance_note_start (Instance *instance)
{
  g_autoptr (GError) error = NULL;

  instance->goal = INSTANCE_LISTEN;
  if (!instance_mark (instance, &error))
    g_warning ("%s", error->message);
}

static void
instance_answer_start (Instance *instance)
{
  sd_bus_message *start = g_steal_pointer (&instance->start);

  sd_bus_reply_method_return (start, "o", instance->path);
  sd_bus_message_unref (start);
  instance->announced = true;
  instance_object_announce_new (instance);
}

/* Its socket cannot listen; what else than an address that another program has is seen in the journal. */
static void
instance_fail_to_listen (Instance *instance)
{
  g_autofree char *message =
      instance_options_are_unix (instance->options) ?
          g_strdup_printf (N_ ("Cannot listen on %s; see: journalctl -u %s"), instance->address,
                           instance->units[INSTANCE_SOCKET]->name) :
          g_strdup_printf (N_ ("%s is another program's, or not this machine's: choose another address or port"),
                           instance->options->listen);

  instance_fail_to_make (instance,
                         instance_options_are_unix (instance->options) ? HIVE_ERROR_FAILED : HIVE_ERROR_ADDRESS_IN_USE,
                         message);
}

/* rbee-worker-.service.d is not there, or systemd was not told since it is: its worker would be ready without a card.
 */
static void
instance_fail_to_check (Instance *instance)
{
  instance_fail_to_make (
      instance, HIVE_ERROR_DEVICE_UNAVAILABLE,
      N_ ("systemd does not know rbee-worker-.service.d/rbee-hive.conf, which has the worker's card looked for: call "
          "systemctl daemon-reload, or install the hive anew (option allow_cpu starts it all the same)"));
}

static void
instance_on_lines (const char *text, size_t size, int code, const GError *failure, void *userdata)
{
  Instance *instance = userdata;
  g_autofree char *before = g_steal_pointer (&instance->error);
  g_autofree char *lines = failure ? g_strdup ("") : g_utf8_make_valid (text, (gssize)size);
  Capture *capture = g_steal_pointer (&instance->lines);

  instance->error = *g_strstrip (lines) ? g_strdup_printf (N_ ("%s. It printed last:\n%s"), before, lines) :
                                          g_strdup_printf (N_ ("%s. It printed nothing"), before);
  instance->diagnosed = true;
  capture_free (capture);
  instance_keep_error (instance);
  instance_consider (instance);
}

/* Reads what the worker printed last, by journalctl in a unit of its own. */
static void
instance_read_lines (Instance *instance)
{
  Hive *hive = instance->hive;
  g_autofree char *unit = g_strconcat ("_SYSTEMD_UNIT=", instance->units[INSTANCE_WORKER]->name, NULL);
  uint64_t started = instance->units[INSTANCE_WORKER]->state.started_at / G_USEC_PER_SEC;
  g_autofree char *since = g_strdup_printf ("--since=@%" G_GUINT64_FORMAT, started);
  char *arguments[] = { (char *)"/usr/bin/journalctl",
                        (char *)"--no-pager",
                        (char *)"--quiet",
                        since,
                        (char *)"--output=cat",
                        (char *)"--lines=10",
                        unit,
                        NULL };
  g_autoptr (GError) error = NULL;

  instance->lines = capture_start (hive->launcher, hive->event,
                                   &(CaptureSpec){ .arguments = arguments,
                                                   .role = LAUNCH_JOURNAL,
                                                   .description = "Last lines of a worker",
                                                   .max_size = LINES_MAX,
                                                   .timeout = LINES_TIMEOUT },
                                   instance_on_lines, instance, &error);
  if (!instance->lines)
    instance->diagnosed = true;
}

/* It failed: nothing of it stays, so that no request starts it again, but what it printed last. */
static void
instance_give_up (Instance *instance)
{
  g_autofree char *words = instance_failure_words (instance->units, instance->options->start_timeout);
  g_autofree char *message = g_strdup_printf (instance->was_ready ? "%s failed: %s" : N_ ("%s cannot be started: %s"),
                                              instance->options->name, words);
  bool failed = g_strcmp0 (instance->units[INSTANCE_WORKER]->state.active_state, "inactive") != 0;

  instance->given_up = true;
  instance_set_error (instance,
                      instance_state_lacks_card (instance->units) ? HIVE_ERROR_DEVICE_UNAVAILABLE :
                      failed                                      ? HIVE_ERROR_START_FAILED :
                                                                    HIVE_ERROR_NOT_RUNNING,
                      message);
  instance_keep_error (instance);
  if (instance->goal == INSTANCE_RUN)
    instance_note_start (instance);
  instance_tell_all (instance, "StopUnit", "replace");
  instance_read_lines (instance);
}

/* At its first start it has one try: who waits for it is told at once. */
static bool
instance_has_failed (const Instance *instance, InstanceState state)
{
  return state == INSTANCE_FAILED || (!instance->was_ready && instance_state_is_between (instance->units));
}

static void
instance_update (Instance *instance)
{
  const UnitState *worker = &instance->units[INSTANCE_WORKER]->state;
  InstanceState state = instance_state_of (instance->units);

  if (!instance->given_up && instance_has_failed (instance, state))
    instance_give_up (instance);
  if (instance->given_up)
    {
      if (instance->diagnosed && instance->state != INSTANCE_FAILED)
        instance_set_state (instance, INSTANCE_FAILED);
      return;
    }
  instance->was_ready = instance->was_ready || state == INSTANCE_READY;
  if (instance->goal == INSTANCE_RUN && (state != INSTANCE_LISTENING || worker->started_at != 0))
    instance_note_start (instance);
  instance_set_state (instance, instance->goal == INSTANCE_RUN ? INSTANCE_STARTING : state);
}

/* Something of it may be new. It may be gone when this returns. */
static void
instance_consider (void *userdata)
{
  Instance *instance = userdata;
  const UnitState *socket = &instance->units[INSTANCE_SOCKET]->state;
  bool starts = instance->goal == INSTANCE_RUN && !instance->given_up;

  if (!instance_is_known (instance) || instance->making || instance->retry)
    return;
  if (instance->goal == INSTANCE_AGAIN || instance->goal == INSTANCE_REMOVE)
    {
      if (instance_is_gone (instance))
        instance_ended (instance);
      return;
    }
  if (!instance->made)
    {
      instance_recover (instance);
      return;
    }
  if (instance->start || starts)
    {
      if (socket->job != 0)
        return;
      if (g_strcmp0 (socket->active_state, "active") != 0)
        {
          instance_fail_to_listen (instance);
          return;
        }
    }
  if (!instance->given_up && instance_state_is_unchecked (instance->units))
    {
      instance_fail_to_check (instance);
      return;
    }
  if (instance->start)
    instance_answer_start (instance);
  if (starts && !instance->knocked)
    instance_knock (instance);
  instance_update (instance);
}

void
instance_follow (Instance *instance)
{
  for (InstanceUnitKind kind = INSTANCE_SOCKET; kind < INSTANCE_UNITS; kind++)
    {
      g_autofree char *name = instance_unit_name (instance->options->name, kind);

      instance->units[kind] = instance_unit_new (instance->hive->bus, name, instance_consider, instance);
    }
}

void
instance_begin (Instance *instance)
{
  instance_end (instance, INSTANCE_AGAIN);
}

void
instance_stop (Instance *instance, sd_bus_message *message)
{
  g_ptr_array_add (instance->stops, sd_bus_message_ref (message));
  if (instance->goal != INSTANCE_REMOVE)
    instance_end (instance, INSTANCE_REMOVE);
}

void
instance_restart (Instance *instance)
{
  if (instance->goal != INSTANCE_REMOVE)
    instance_end (instance, INSTANCE_AGAIN);
}

bool
instance_is_before (const Instance *instance)
{
  const UnitState *worker = &instance->units[INSTANCE_WORKER]->state;
  const WorkerRecord *record = registry_get (instance->hive->registry, instance->worker_id, NULL);

  return record && worker->main_pid != 0 && worker->started_at < record->installed_at;
}
