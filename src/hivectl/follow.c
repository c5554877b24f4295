/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "follow.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "bus-owner.h"
#include "error.h"
#include "interrupt.h"
#include "job-log.h"
#include "json.h"
#include "log-watch.h"
#include "terminal.h"
#include "variant.h"
#include "view.h"

#define ABSENCE_MAX     (5 * G_USEC_PER_SEC)
#define STATUS_INTERVAL (G_USEC_PER_SEC / 5)
#define POLL_INTERVAL   (G_USEC_PER_SEC / 4)

/* One job being shown. */
typedef struct
{
  Client *client;
  const char *path;
  FollowFlags flags;
  View *view;
  JobLog *log;
  char *worker;
  GError *error; /* why it could not go on */

  sd_event *event;
  sd_event_source *turn;  /* reads on */
  sd_event_source *timer; /* draws the status line, asks a log that cannot be watched */
  LogWatch *watch;        /* NULL: asked by the timer */
  Interrupt *interrupt;
  BusOwner *hive;
  bool had_hive; /* since the last word of it */
  sd_bus_slot *finished, *waking;
  sd_event_source *absence; /* how long it may be away */

  char *state; /* "done", "failed", "cancelled"; NULL: not known yet */
  char *error_name, *error_message;
  bool over; /* the job has ended: what is in its log is all */
  bool left, interrupted;
} Follow;

static const char *
follow_job_id (const char *path)
{
  return strrchr (path, '/') + 1;
}

void
follow_report_left (Client *client, const char *path)
{
  const char *id = follow_job_id (path);

  if (client_is_remote (client))
    g_printerr (_ ("Job %s runs on; follow it with: hivectl --host %s log %s --follow\n"), id, client_host (client),
                id);
  else
    g_printerr (_ ("Job %s runs on; follow it with: hivectl log %s --follow\n"), id, id);
}

static void
follow_set_outcome (Follow *follow, const char *state, const char *error_name, const char *error_message)
{
  g_free (follow->state);
  follow->state = g_strdup (state);
  if (!*error_name)
    return;
  g_free (follow->error_name);
  g_free (follow->error_message);
  follow->error_name = g_strdup (error_name);
  follow->error_message = g_strdup (error_message);
}

static bool
state_is_final (const char *state)
{
  return g_str_equal (state, "done") || g_str_equal (state, "failed") || g_str_equal (state, "cancelled");
}

/* The log itself says how the job ended: that needs no bus, which may be gone by then. */
static void
follow_take (const LogRecord *record, void *userdata)
{
  Follow *follow = userdata;

  if (record->stream == LOG_STREAM_ERROR)
    {
      int code;

      g_clear_pointer (&follow->error_message, g_free);
      log_record_parse_error (record, &code, &follow->error_message);
      g_free (follow->error_name);
      follow->error_name = g_strdup (hive_error_name (code));
    }
  else if (record->stream == LOG_STREAM_END)
    {
      g_free (follow->state);
      follow->state = g_strndup (record->text, record->text_length);
    }
  view_record (follow->view, record);
}

static void
follow_stop (Follow *follow)
{
  sd_event_exit (follow->event, 0);
}

static void
follow_wake (void *userdata)
{
  Follow *follow = userdata;

  sd_event_source_set_enabled (follow->turn, SD_EVENT_ONESHOT);
}

/* One turn of reading: a piece of the log, so that signals get their turn too. */
static int
follow_on_turn (sd_event_source *source, void *userdata)
{
  Follow *follow = userdata;
  bool over = follow->over;
  JobLogState state;

  if (follow->interrupt && interrupt_is_asking (follow->interrupt))
    return 0;
  state = job_log_read (follow->log, follow_take, follow, &follow->error);
  if (state == JOB_LOG_MORE)
    {
      follow_wake (follow);
      return 0;
    }
  view_end_past (follow->view);
  /* What Finished came before is in the log; a log without an end (no space for it) ends there. */
  if (state != JOB_LOG_NOTHING_NEW || over || !(follow->flags & FOLLOW_TO_END))
    follow_stop (follow);
  else
    view_flush (follow->view);
  return 0;
}

static int
follow_on_timer (sd_event_source *source, uint64_t usec, void *userdata)
{
  Follow *follow = userdata;

  sd_event_source_set_time_relative (source, follow->watch ? STATUS_INTERVAL : POLL_INTERVAL);
  if (!follow->watch)
    follow_wake (follow);
  else if (!interrupt_is_asking (follow->interrupt))
    view_flush (follow->view);
  return 0;
}

static int
follow_on_finished (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Follow *follow = userdata;
  const char *result, *error_name, *error_message;

  if (bus_owner_sent (follow->hive, message) &&
      sd_bus_message_read (message, "sss", &result, &error_name, &error_message) >= 0)
    {
      follow_set_outcome (follow, result, error_name, error_message);
      follow->over = true;
      follow_wake (follow);
    }
  return 0;
}

/* A refusal is not a reason to stop: the log goes on. */
static void
follow_cancel (Follow *follow)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (sd_bus_message) reply =
      client_call (follow->client, follow->path, JOB_INTERFACE, "Cancel", CLIENT_SOON, &error, "");

  if (!reply)
    terminal_report (error->message);
}

static void
follow_on_interrupt (InterruptAnswer answer, void *userdata)
{
  Follow *follow = userdata;

  switch (answer)
    {
    case INTERRUPT_ASKS:
      view_pause (follow->view);
      return;
    case INTERRUPT_CANCEL:
      follow_cancel (follow);
      break;
    case INTERRUPT_GO_ON:
      break;
    case INTERRUPT_LEAVE:
    case INTERRUPT_QUIT:
      follow->left = true;
      follow->interrupted = answer == INTERRUPT_QUIT;
      follow_stop (follow);
      return;
    }
  follow_wake (follow);
}

static bool
follow_set_errno (Follow *follow, int r)
{
  g_set_error (&follow->error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("Cannot follow job %s: %s"),
               follow_job_id (follow->path), g_strerror (-r));
  return false;
}

/* Everything that can wake us while the job goes on. */
static bool
follow_prepare (Follow *follow)
{
  int fd = job_log_fd (follow->log);
  int r;

  if ((r = sd_event_add_defer (follow->event, &follow->turn, follow_on_turn, follow)) < 0)
    return follow_set_errno (follow, r);
  if (!(follow->flags & FOLLOW_TO_END) || follow->over)
    return true;

  if (fd >= 0)
    follow->watch = log_watch_new (follow->event, fd, follow_wake, follow);
  follow->interrupt = interrupt_new (follow->event, follow_job_id (follow->path), follow_on_interrupt, follow);
  if (!follow->interrupt || (fd >= 0 && !follow->watch))
    return follow_set_errno (follow, -ENOMEM);
  if (follow->watch && !view_has_status (follow->view))
    return true;
  if ((r = sd_event_add_time_relative (follow->event, &follow->timer, CLOCK_MONOTONIC, STATUS_INTERVAL, 0,
                                       follow_on_timer, follow)) < 0 ||
      (r = sd_event_source_set_enabled (follow->timer, SD_EVENT_ON)) < 0)
    return follow_set_errno (follow, r);
  return true;
}

/* Where the log is ours to read, the bus is needed for Finished alone: when it goes, the log goes on. */
static bool
follow_loop (Follow *follow)
{
  sd_bus *bus = client_bus (follow->client, NULL);
  bool attach = bus && job_log_fd (follow->log) >= 0;
  int r;

  if (!follow_prepare (follow))
    return false;
  if (attach && (r = sd_bus_attach_event (bus, follow->event, SD_EVENT_PRIORITY_NORMAL)) < 0)
    return follow_set_errno (follow, r);
  r = sd_event_loop (follow->event);
  if (attach)
    sd_bus_detach_event (bus);
  return r >= 0 ? !follow->error : follow_set_errno (follow, r);
}

static void
follow_tell (Follow *follow, const char *message)
{
  view_pause (follow->view);
  terminal_report (message);
}

static int
follow_on_woken (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  Follow *follow = userdata;
  g_autofree char *message = g_strdup_printf (_ ("The hive has ended, and does not come back by itself. Job %s is "
                                                 "followed on: how it ends is known when a hive runs again"),
                                              follow_job_id (follow->path));

  if (!sd_bus_message_is_method_error (reply, NULL) || bus_owner_unique (follow->hive))
    return 0;
  follow->had_hive = false;
  follow_tell (follow, message);
  return 0;
}

/* Most hives are started by a call, and that is all there is to be seen of a restart. Where it fails, nobody may ever
 * write the end of the log. */
static int
follow_on_absence (sd_event_source *source, uint64_t now, void *userdata)
{
  Follow *follow = userdata;
  sd_bus *bus = client_bus (follow->client, NULL);

  if (bus)
    sd_bus_call_method_async (bus, &follow->waking, HIVE_NAME, HIVE_PATH, "org.freedesktop.DBus.Peer", "Ping",
                              follow_on_woken, follow, "");
  return 0;
}

/* A call at once would have systemd start the hive that it is about to stop, and cancel the stop. */
static void
follow_on_owner (const char *unique, void *userdata)
{
  Follow *follow = userdata;
  g_autofree char *back =
      g_strdup_printf (_ ("The hive runs again; job %s is followed on"), follow_job_id (follow->path));

  if (unique && !follow->had_hive)
    follow_tell (follow, back);
  follow->had_hive = follow->had_hive || unique;
  follow->waking = sd_bus_slot_unref (follow->waking);
  follow->absence = sd_event_source_disable_unref (follow->absence);
  if (!unique && follow->had_hive)
    sd_event_add_time_relative (follow->event, &follow->absence, CLOCK_MONOTONIC, ABSENCE_MAX, 0, follow_on_absence,
                                follow);
}

static void
follow_listen (Follow *follow, sd_bus *bus)
{
  follow->had_hive = true;
  if (bus_owner_new (&follow->hive, bus, HIVE_NAME) >= 0)
    bus_owner_watch (follow->hive, follow_on_owner, follow);
  if (follow->hive)
    sd_bus_match_signal (bus, &follow->finished, HIVE_NAME, follow->path, JOB_INTERFACE, "Finished", follow_on_finished,
                         follow);
}

/* The job as it is now; Finished is listened for first, so that no end falls between. */
static bool
follow_open (Follow *follow, GError **error)
{
  g_autoptr (JsonObject) job = NULL;
  sd_bus *bus = client_bus (follow->client, error);
  const char *state;

  if (!bus)
    return false;
  if (follow->flags & FOLLOW_TO_END && !client_is_remote (follow->client))
    follow_listen (follow, bus);
  job = client_get_all (follow->client, follow->path, JOB_INTERFACE, error);
  if (!job)
    return false;
  follow->worker = g_strdup (json_get_string (job, "WorkerId", ""));
  state = json_get_string (job, "State", "");
  follow->over = state_is_final (state);
  if (follow->over)
    follow_set_outcome (follow, state, json_get_string (job, "ErrorName", ""),
                        json_get_string (job, "ErrorMessage", ""));
  follow->log = job_log_open (follow->client, follow->path, error);
  return follow->log != NULL;
}

/* The same; a hive that dies while it is asked is asked again once, as everywhere while a log is followed. */
static bool
follow_open_again (Follow *follow, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (follow_open (follow, &failure))
    return true;
  if (!(follow->flags & FOLLOW_TO_END) || failure->code != EXIT_STATUS_NO_HIVE)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return false;
    }
  follow->finished = sd_bus_slot_unref (follow->finished);
  follow->waking = sd_bus_slot_unref (follow->waking);
  follow->absence = sd_event_source_disable_unref (follow->absence);
  g_clear_pointer (&follow->hive, bus_owner_free);
  g_clear_pointer (&follow->worker, g_free);
  return follow_open (follow, error);
}

static void
follow_print_outcome (const Follow *follow)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "job", follow_job_id (follow->path));
  json_object_set_string_member (object, "worker", follow->worker);
  json_object_set_string_member (object, "state", follow->state);
  json_object_set_string_member (object, "error", follow->error_name ? follow->error_name : "");
  json_object_set_string_member (object, "message", follow->error_message ? follow->error_message : "");
  variant_print_line (object);
}

static FollowResult
follow_result (const Follow *follow)
{
  FollowResult result = { .left = follow->left };

  if (follow->left)
    result.status = follow->interrupted ? EXIT_STATUS_INTERRUPTED : EXIT_STATUS_OK;
  else if (!follow->state || g_str_equal (follow->state, "done"))
    result.status = EXIT_STATUS_OK;
  else if (g_str_equal (follow->state, "cancelled"))
    result.status = EXIT_STATUS_CANCELLED;
  else
    result.status = client_status_of (follow->error_name ? follow->error_name : "") == EXIT_STATUS_NOT_FOUND ?
                        EXIT_STATUS_NOT_FOUND :
                        EXIT_STATUS_FAILED;
  result.missing = g_strcmp0 (follow->error_name, hive_error_name (HIVE_ERROR_MISSING_DEPENDENCIES)) == 0;
  return result;
}

static void
follow_clear (Follow *follow)
{
  view_free (follow->view);
  sd_bus_slot_unref (follow->finished);
  sd_bus_slot_unref (follow->waking);
  sd_event_source_disable_unref (follow->absence);
  bus_owner_free (follow->hive);
  g_clear_pointer (&follow->watch, log_watch_free);
  g_clear_pointer (&follow->interrupt, interrupt_free);
  sd_event_source_disable_unref (follow->turn);
  sd_event_source_disable_unref (follow->timer);
  sd_event_unref (follow->event);
  g_clear_pointer (&follow->log, job_log_free);
  g_clear_error (&follow->error);
  g_free (follow->worker);
  g_free (follow->state);
  g_free (follow->error_name);
  g_free (follow->error_message);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Follow, follow_clear)

bool
follow_job (Client *client, const Options *options, const char *path, FollowFlags flags, FollowResult *ret_result,
            GError **error)
{
  g_auto (Follow)
      follow = { .client = client, .path = path, .flags = flags, .view = view_new (options, flags & FOLLOW_TO_END) };
  int r;

  if (!follow_open_again (&follow, error))
    return false;
  r = sd_event_new (&follow.event);
  if (r < 0 ? !follow_set_errno (&follow, r) : !follow_loop (&follow))
    {
      g_propagate_error (error, g_steal_pointer (&follow.error));
      return false;
    }
  view_pause (follow.view);
  *ret_result = follow_result (&follow);
  if (follow.state && options->json && flags & FOLLOW_OUTCOME)
    follow_print_outcome (&follow);
  if (options->quiet && ret_result->status != EXIT_STATUS_OK && follow.error_message && !follow.left)
    terminal_report (follow.error_message);
  return true;
}
