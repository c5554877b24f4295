/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notifier.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <systemd/sd-bus.h>

#include "desktop-names.h"
#include "desktop-settings.h"
#include "error.h"
#include "hive-request.h"
#include "hive-watch.h"
#include "instance-watch.h"
#include "launcher-entry.h"
#include "notices.h"
#include "opener.h"
#include "run-question.h"
#include "tray.h"
#include "update-question.h"
#include "window-call.h"

/* Failed jobs that nobody has looked at; with more the oldest go. */
#define MOST_FAILED 20

struct Notifier
{
  sd_event *event;
  sd_bus *system, *session;
  DesktopSettings settings;
  HiveWatch *watch;
  InstanceWatch *instances;
  Tray *tray;
  Notices *notices;
  LauncherEntry *launcher;
};

static void
notifier_show (void *userdata)
{
  Notifier *notifier = userdata;
  GPtrArray *jobs = hive_watch_jobs (notifier->watch);

  tray_update (notifier->tray, jobs, instance_watch_list (notifier->instances), hive_watch_is_here (notifier->watch));
  launcher_entry_update (notifier->launcher, jobs);
}

/* What the person is told when a click comes to nothing. */

static void
notifier_fail_to_open (const char *why, void *userdata)
{
  notices_tell_trouble (((Notifier *)userdata)->notices, _ ("Cannot open rbee-hive"), why);
}

static void
notifier_fail_to_show_log (const char *why, void *userdata)
{
  notices_tell_trouble (((Notifier *)userdata)->notices, _ ("Cannot show the log"), why);
}

static void
notifier_fail_to_cancel (const char *why, void *userdata)
{
  notices_tell_trouble (((Notifier *)userdata)->notices, _ ("Cannot cancel the job"), why);
}

static void
notifier_fail_to_try_again (const char *why, void *userdata)
{
  notices_tell_trouble (((Notifier *)userdata)->notices, _ ("Cannot try again"), why);
}

static void
notifier_fail_to_start (const char *why, void *userdata)
{
  notices_tell_trouble (((Notifier *)userdata)->notices, _ ("Cannot start the worker"), why);
}

static void
notifier_fail_to_stop (const char *why, void *userdata)
{
  notices_tell_trouble (((Notifier *)userdata)->notices, _ ("Cannot stop the worker"), why);
}

/* What one chooses from a notification. */

static void
notifier_dismiss (const char *job, void *userdata)
{
  hive_watch_forget (((Notifier *)userdata)->watch, job);
}

static void
notifier_open_page (const char *worker, const char *token, void *userdata)
{
  Notifier *notifier = userdata;

  opener_open_page (notifier->event, token, notifier_fail_to_open, notifier);
}

static void
notifier_open (const char *worker, const char *token, void *userdata)
{
  Notifier *notifier = userdata;

  window_call (notifier->session, worker ? "show-worker" : NULL, worker, token, notifier_open_page, notifier);
}

static void
notifier_open_log (const char *job, const char *token, void *userdata)
{
  Notifier *notifier = userdata;

  opener_show_log (notifier->event, job, token, notifier_fail_to_show_log, notifier);
}

static void
notifier_show_log (const char *job, const char *token, void *userdata)
{
  Notifier *notifier = userdata;

  window_call (notifier->session, "show-job", job, token, notifier_open_log, notifier);
  notifier_dismiss (job, notifier);
}

static void
notifier_start_at_once (const char *worker, const char *token, void *userdata)
{
  Notifier *notifier = userdata;

  hive_request_start (notifier->system, worker, notifier_fail_to_start, notifier);
}

/* The window asks with what it is to run. */
static void
notifier_start (const char *worker, const char *token, void *userdata)
{
  Notifier *notifier = userdata;

  window_call (notifier->session, "start-worker", worker, token, notifier_start_at_once, notifier);
}

static void
notifier_try_again (const char *job, void *userdata)
{
  Notifier *notifier = userdata;

  hive_request_try_again (notifier->system, job, notifier_fail_to_try_again, notifier);
  notifier_dismiss (job, notifier);
}

static const NoticesHandler of_notices = {
  .open = notifier_open,
  .start = notifier_start,
  .show_log = notifier_show_log,
  .try_again = notifier_try_again,
  .seen = notifier_dismiss,
};

/* What one chooses from the menu. */

static void
notifier_cancel (const char *job, void *userdata)
{
  Notifier *notifier = userdata;

  hive_request_cancel (notifier->system, job, notifier_fail_to_cancel, notifier);
}

static void
notifier_stop (const char *instance, void *userdata)
{
  Notifier *notifier = userdata;

  hive_request_stop (notifier->system, instance, notifier_fail_to_stop, notifier);
}

static void
notifier_show_log_from_menu (const char *job, void *userdata)
{
  Notifier *notifier = userdata;
  g_autofree char *token = tray_steal_token (notifier->tray);

  notifier_show_log (job, token, notifier);
}

static void
notifier_open_from_menu (void *userdata)
{
  Notifier *notifier = userdata;
  g_autofree char *token = tray_steal_token (notifier->tray);

  notifier_open (NULL, token, notifier);
}

static void
notifier_quit (void *userdata)
{
  sd_event_exit (((Notifier *)userdata)->event, EXIT_SUCCESS);
}

static const TrayMenuHandler of_menu = {
  .cancel = notifier_cancel,
  .show_log = notifier_show_log_from_menu,
  .try_again = notifier_try_again,
  .dismiss = notifier_dismiss,
  .stop = notifier_stop,
  .open = notifier_open_from_menu,
  .quit = notifier_quit,
};

/* What the hive does. */

/* Failed jobs of a worker are stale when it has another job; a model may have its name. */
static void
notifier_on_start (const WatchedJob *job, void *userdata)
{
  Notifier *notifier = userdata;
  GPtrArray *jobs = hive_watch_jobs (notifier->watch);

  for (guint i = jobs->len; i-- > 0;)
    {
      const WatchedJob *other = jobs->pdata[i];

      if (watched_job_is_failed (other) && g_strcmp0 (other->worker, job->worker) == 0 &&
          watched_job_is_of_model (other) == watched_job_is_of_model (job))
        g_ptr_array_remove_index (jobs, i);
    }
  if (job->worker)
    notices_take_back (notifier->notices, job);
}

static void
notifier_limit_failed (Notifier *notifier)
{
  GPtrArray *jobs = hive_watch_jobs (notifier->watch);
  unsigned failed = 0;

  for (guint i = jobs->len; i-- > 0;)
    if (watched_job_is_failed (jobs->pdata[i]) && ++failed > MOST_FAILED)
      g_ptr_array_remove_index (jobs, i);
}

/* Not of a worker that has another job already: what would be read is stale. */
static void
notifier_tell_installed (const WatchedJob *job, bool can_start, void *userdata)
{
  Notifier *notifier = userdata;

  if (!hive_watch_is_at_work (notifier->watch, job->worker))
    notices_tell_end (notifier->notices, job, can_start);
}

/* A person who asked for a short job still looks at the program that asked: it is not told of. */
static bool
notifier_on_end (const WatchedJob *job, void *userdata)
{
  Notifier *notifier = userdata;
  bool failed = watched_job_is_failed (job);
  bool is_told =
      g_strcmp0 (job->state, "cancelled") != 0 && watched_job_duration (job) >= notifier->settings.notify_after;

  if (is_told && watched_job_is_installation (job))
    run_question_ask (notifier->system, watched_job_copy (job), notifier_tell_installed, notifier);
  else if (is_told)
    notices_tell_end (notifier->notices, job, false);
  if (failed)
    notifier_limit_failed (notifier);
  return failed;
}

static void
notifier_tell_update (const char *name, const char *version, void *userdata)
{
  notices_tell_update (((Notifier *)userdata)->notices, name, version);
}

static void
notifier_on_update (const char *worker, const char *version, void *userdata)
{
  update_question_ask (((Notifier *)userdata)->system, worker, version, notifier_tell_update, userdata);
}

static const HiveWatchHandler of_hive = {
  .changed = notifier_show,
  .started = notifier_on_start,
  .ended = notifier_on_end,
  .updatable = notifier_on_update,
};

/* Its session is over. */
static int
notifier_on_session_end (sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
  return sd_event_exit (((Notifier *)userdata)->event, EXIT_SUCCESS);
}

static int
notifier_on_system_end (sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
  g_printerr ("%s\n", _ ("rbee-hive-notifier: The system bus is gone"));
  return sd_event_exit (((Notifier *)userdata)->event, EXIT_FAILURE);
}

static bool
notifier_connect (Notifier *notifier, GError **error)
{
  int r;

  if ((r = sd_bus_open_user (&notifier->session)) < 0)
    return hive_error_set_errno (error, -r, _ ("Cannot reach the bus of a session, which a desktop has"));
  if ((r = sd_bus_open_system (&notifier->system)) < 0)
    return hive_error_set_errno (error, -r, _ ("Cannot reach the system bus"));
  if ((r = sd_bus_attach_event (notifier->session, notifier->event, SD_EVENT_PRIORITY_NORMAL)) < 0 ||
      (r = sd_bus_attach_event (notifier->system, notifier->event, SD_EVENT_PRIORITY_NORMAL)) < 0 ||
      (r = sd_bus_match_signal_async (notifier->session, NULL, "org.freedesktop.DBus.Local", NULL,
                                      "org.freedesktop.DBus.Local", "Disconnected", notifier_on_session_end, NULL,
                                      notifier)) < 0 ||
      (r = sd_bus_match_signal_async (notifier->system, NULL, "org.freedesktop.DBus.Local", NULL,
                                      "org.freedesktop.DBus.Local", "Disconnected", notifier_on_system_end, NULL,
                                      notifier)) < 0)
    return hive_error_set_errno (error, -r, _ ("Cannot use the buses"));
  return true;
}

/* The name tells one of us from a second. False without an error: there is one. */
static bool
notifier_be_the_one (Notifier *notifier, GError **error)
{
  int r = sd_bus_request_name (notifier->session, NOTIFIER_NAME, 0);

  if (r < 0 && r != -EEXIST)
    hive_error_set_errno (error, -r, _ ("Cannot have the name %s on the bus of the session"), NOTIFIER_NAME);
  return r >= 0;
}

Notifier *
notifier_new (sd_event *event, GError **error)
{
  g_autoptr (Notifier) notifier = g_new0 (Notifier, 1);
  int r;

  notifier->event = sd_event_ref (event);
  notifier->settings = desktop_settings_load ();
  if (!notifier_connect (notifier, error) || !notifier_be_the_one (notifier, error))
    return NULL;
  if ((r = notices_new (&notifier->notices, notifier->session, &of_notices, notifier)) < 0 ||
      (r = tray_new (&notifier->tray, notifier->session, &notifier->settings, &of_menu, notifier)) < 0 ||
      (r = launcher_entry_new (&notifier->launcher, notifier->session)) < 0 ||
      (r = instance_watch_new (&notifier->instances, notifier->system, notifier_show, notifier)) < 0 ||
      (r = hive_watch_new (&notifier->watch, notifier->system, &of_hive, notifier)) < 0)
    {
      hive_error_set_errno (error, -r, _ ("Cannot use the buses"));
      return NULL;
    }
  return g_steal_pointer (&notifier);
}

void
notifier_free (Notifier *notifier)
{
  if (!notifier)
    return;
  hive_watch_free (notifier->watch);
  instance_watch_free (notifier->instances);
  tray_free (notifier->tray);
  launcher_entry_free (notifier->launcher);
  notices_free (notifier->notices);
  sd_bus_flush_close_unref (notifier->system);
  sd_bus_flush_close_unref (notifier->session);
  sd_event_unref (notifier->event);
  g_free (notifier);
}
