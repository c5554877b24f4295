/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notices.h"

#include <glib/gi18n.h>
#include <stdbool.h>

#include "notification.h"
#include "sentence.h"
#include "update-day.h"

/* So many ends within so long have a notification each; with the next all of them become one. */
#define SINGLE_MOST 3
#define SINGLE_TIME (60 * G_USEC_PER_SEC)

/* Newer versions that one notification names. */
#define UPDATES_MOST 10

/* Notifications that are remembered, to be changed or chosen from. */
#define NOTICES_MOST 50

/* What a notification is about, where it is about no worker or model. */
#define ABOUT_MANY    "/many"
#define ABOUT_UPDATES "/updates"
#define ABOUT_TROUBLE "/trouble"

/* `default` is the click beside the buttons. xfce4-notifyd makes a button of it too, unless it has no label. */
static const char *const actions_of_startable[] = { "default", "", "start", N_ ("Start"), "open", N_ ("Open"), NULL };
static const char *const actions_of_success[] = { "default", "", "open", N_ ("Open"), NULL };
static const char *const actions_of_failure[] = {
  "default", "", "log", N_ ("Show log"), "again", N_ ("Try again"), NULL
};
static const char *const actions_of_lost[] = { "default", "", "log", N_ ("Show log"), NULL };

/* A notification, and the job that it is about. */
typedef struct
{
  Notification *notification;
  char *job;    /* NULL: none */
  bool failed;  /* the job did: its log is what one wants to see */
  char *worker; /* that it installed, which one may open; NULL: none */
  gint64 at;
} Notice;

/* The end of a job that had a notification of its own. */
typedef struct
{
  gint64 at; /* 0: none */
  bool failed;
} NoticedEnd;

struct Notices
{
  NotificationServer *server;
  const NoticesHandler *handler;
  void *userdata;
  GHashTable *shown;            /* char *: what it is about → Notice */
  NoticedEnd last[SINGLE_MOST]; /* the newest first */
  unsigned done, failed;        /* what the one about many counts */
  gint64 many_at;               /* when that was changed */
  GPtrArray *updates;           /* char *: what the one about newer versions names */
  UpdateDay *update_day;
};

static void
notice_free (void *data)
{
  Notice *notice = data;

  g_free (notice->job);
  g_free (notice->worker);
  g_free (notice);
}

/* Room for another one: the oldest stays on the screen, and is forgotten. */
static void
notices_make_room (Notices *notices)
{
  GHashTableIter iter;
  void *about, *value;
  const Notice *oldest = NULL;
  const char *of = NULL;

  if (g_hash_table_size (notices->shown) < NOTICES_MOST)
    return;
  g_hash_table_iter_init (&iter, notices->shown);
  while (g_hash_table_iter_next (&iter, &about, &value))
    if (!oldest || ((Notice *)value)->at < oldest->at)
      {
        oldest = value;
        of = about;
      }
  notification_free (oldest->notification);
  g_hash_table_remove (notices->shown, of);
}

/* The notification about that; a new one, where there is none on the screen. */
static Notice *
notices_get (Notices *notices, const char *about, const char *job)
{
  Notice *notice = g_hash_table_lookup (notices->shown, about);

  if (!notice)
    {
      notices_make_room (notices);
      notice = g_new0 (Notice, 1);
      notice->notification = notification_new (notices->server, about);
      g_hash_table_insert (notices->shown, g_strdup (about), notice);
    }
  g_free (notice->job);
  notice->job = g_strdup (job);
  g_clear_pointer (&notice->worker, g_free);
  notice->at = g_get_monotonic_time ();
  return notice;
}

static void
notices_drop (Notices *notices, const char *about)
{
  Notice *notice = g_hash_table_lookup (notices->shown, about);

  if (!notice)
    return;
  notification_close (notice->notification);
  g_hash_table_remove (notices->shown, about);
}

static void
notices_act (Notices *notices, const Notice *notice, const char *action, const char *token)
{
  bool is_default = g_str_equal (action, "default");

  if (g_str_equal (action, "again") && notice->job)
    notices->handler->try_again (notice->job, notices->userdata);
  else if (notice->job && (g_str_equal (action, "log") || (is_default && notice->failed)))
    notices->handler->show_log (notice->job, token, notices->userdata);
  else if (notice->worker && g_str_equal (action, "start"))
    notices->handler->start (notice->worker, token, notices->userdata);
  else if (g_str_equal (action, "open") || is_default)
    notices->handler->open (notice->worker, token, notices->userdata);
}

static void
notices_handle (Notification *notification, const char *action, const char *token, bool dismissed, void *userdata)
{
  Notices *notices = userdata;
  const char *about = notification_about (notification);
  Notice *notice = g_hash_table_lookup (notices->shown, about);
  g_autofree char *job = NULL;

  if (!notice || notice->notification != notification)
    return;
  job = g_strdup (notice->job);
  if (action)
    notices_act (notices, notice, action, token);
  else
    {
      g_hash_table_remove (notices->shown, about);
      notification_free (notification);
    }
  if (job && (action || dismissed))
    notices->handler->seen (job, notices->userdata);
}

/* A session that shows none leaves the day to another. */
static void
notices_on_shown (const Notification *notification, void *userdata)
{
  if (g_str_equal (notification_about (notification), ABOUT_UPDATES))
    update_day_keep (((Notices *)userdata)->update_day);
}

static const char *const *
notices_actions (const WatchedJob *job, bool can_start)
{
  if (watched_job_is_failed (job))
    return watched_job_can_repeat (job) ? actions_of_failure : actions_of_lost;
  return can_start ? actions_of_startable : actions_of_success;
}

/* What a notification about the job's worker, or its model, is about: a model may have a worker's name. */
static char *
notices_about_job (const WatchedJob *job)
{
  return g_strdup_printf (watched_job_is_of_model (job) ? "model %s" : "worker %s", job->worker);
}

static void
notices_tell_single (Notices *notices, const WatchedJob *job, bool can_start)
{
  g_autofree char *summary = watched_job_outcome (job);
  bool failed = watched_job_is_failed (job);
  g_autofree char *words = sentence_translate (failed && job->message ? job->message : "");
  g_autofree char *about = notices_about_job (job);
  Notice *notice = notices_get (notices, about, job->id);

  for (unsigned i = SINGLE_MOST - 1; i > 0; i--)
    notices->last[i] = notices->last[i - 1];
  notices->last[0] = (NoticedEnd){ .at = notice->at, .failed = failed };
  notice->failed = failed;
  notice->worker = watched_job_is_installation (job) ? g_strdup (job->worker) : NULL;
  notification_set (notice->notification, summary, words, failed, notices_actions (job, can_start));
  notification_show (notice->notification);
}

/* Counts one more among the many. */
static void
notices_count (Notices *notices, bool failed)
{
  notices->done += !failed;
  notices->failed += failed;
}

/* What had a notification of its own is one of the many now. */
static void
notices_begin_many (Notices *notices)
{
  GHashTableIter iter;
  void *about, *value;
  gint64 since = notices->last[SINGLE_MOST - 1].at;

  notices->done = notices->failed = 0;
  for (unsigned i = 0; i < SINGLE_MOST; i++)
    {
      notices_count (notices, notices->last[i].failed);
      notices->last[i].at = 0;
    }
  g_hash_table_iter_init (&iter, notices->shown);
  while (g_hash_table_iter_next (&iter, &about, &value))
    if (*(char *)about != '/' && ((Notice *)value)->at >= since)
      {
        notification_close (((Notice *)value)->notification);
        g_hash_table_iter_remove (&iter);
      }
}

static void
notices_tell_many (Notices *notices, const WatchedJob *job)
{
  Notice *notice = notices_get (notices, ABOUT_MANY, NULL);
  g_autofree char *summary = NULL;
  g_autofree char *body = NULL;

  notices_count (notices, watched_job_is_failed (job));
  notices->many_at = notice->at;
  summary = g_strdup_printf (_ ("%u jobs have ended"), notices->done + notices->failed);
  body = g_strdup_printf (_ ("%u are done, %u failed."), notices->done, notices->failed);
  notification_set (notice->notification, summary, body, notices->failed > 0, actions_of_success);
  notification_show (notice->notification);
}

void
notices_tell_end (Notices *notices, const WatchedJob *job, bool can_start)
{
  gint64 earliest = g_get_monotonic_time () - SINGLE_TIME;
  gint64 first = notices->last[SINGLE_MOST - 1].at;
  bool are_many = notices->many_at && notices->many_at > earliest;

  if (!are_many && first && first > earliest)
    {
      notices_begin_many (notices);
      are_many = true;
    }
  if (are_many)
    notices_tell_many (notices, job);
  else
    notices_tell_single (notices, job, can_start);
}

void
notices_take_back (Notices *notices, const WatchedJob *job)
{
  g_autofree char *about = notices_about_job (job);

  notices_drop (notices, about);
}

void
notices_tell_update (Notices *notices, const char *name, const char *version)
{
  UpdateTurn turn = update_day_take (notices->update_day);
  g_autofree char *names = NULL;
  Notice *notice;

  if (turn == UPDATE_UNTOLD)
    return;
  if (turn == UPDATE_FIRST)
    g_ptr_array_set_size (notices->updates, 0);
  if (notices->updates->len == UPDATES_MOST)
    g_ptr_array_add (notices->updates, g_strdup ("…"));
  else if (notices->updates->len < UPDATES_MOST)
    g_ptr_array_add (notices->updates, g_strdup_printf ("%s %s", name, version));
  g_ptr_array_add (notices->updates, NULL);
  names = g_strjoinv (", ", (char **)notices->updates->pdata);
  g_ptr_array_set_size (notices->updates, notices->updates->len - 1);
  notice = notices_get (notices, ABOUT_UPDATES, NULL);
  notification_set (notice->notification, _ ("Newer versions of workers"), names, false, actions_of_success);
  notification_show (notice->notification);
}

void
notices_tell_trouble (Notices *notices, const char *summary, const char *why)
{
  Notice *notice = notices_get (notices, ABOUT_TROUBLE, NULL);

  notification_set (notice->notification, summary, why, true, NULL);
  notification_show (notice->notification);
}

int
notices_new (Notices **ret, sd_bus *bus, const NoticesHandler *handler, void *userdata)
{
  g_autoptr (Notices) notices = g_new0 (Notices, 1);
  int r;

  notices->handler = handler;
  notices->userdata = userdata;
  notices->shown = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, notice_free);
  notices->updates = g_ptr_array_new_with_free_func (g_free);
  notices->update_day = update_day_new (g_get_real_time);
  if ((r = notification_server_new (&notices->server, bus, notices_handle, notices_on_shown, notices)) < 0)
    return r;
  *ret = g_steal_pointer (&notices);
  return 0;
}

void
notices_free (Notices *notices)
{
  if (!notices)
    return;
  g_hash_table_unref (notices->shown);
  g_ptr_array_unref (notices->updates);
  update_day_free (notices->update_day);
  notification_server_free (notices->server);
  g_free (notices);
}
