/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hive-watch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bus-owner.h"
#include "names.h"

/* Jobs of one user that are shown; the hive has a limit of its own, MaxQueuedPerUser=. */
#define MAX_JOBS 1000

struct HiveWatch
{
  sd_bus *bus;
  const HiveWatchHandler *handler;
  void *userdata;
  BusOwner *owner;
  sd_bus_slot *new, *finished, *updatable, *changed;
  GPtrArray *jobs;
};

GPtrArray *
hive_watch_jobs (const HiveWatch *watch)
{
  return watch->jobs;
}

bool
hive_watch_is_here (const HiveWatch *watch)
{
  return bus_owner_unique (watch->owner) != NULL;
}

WatchedJob *
hive_watch_find (const HiveWatch *watch, const char *id)
{
  for (guint i = 0; i < watch->jobs->len; i++)
    if (g_strcmp0 (((WatchedJob *)watch->jobs->pdata[i])->id, id) == 0)
      return watch->jobs->pdata[i];
  return NULL;
}

bool
hive_watch_is_at_work (const HiveWatch *watch, const char *worker)
{
  for (guint i = 0; i < watch->jobs->len; i++)
    {
      const WatchedJob *job = watch->jobs->pdata[i];

      if (watched_job_is_active (job) && !watched_job_is_of_model (job) && g_strcmp0 (job->worker, worker) == 0)
        return true;
    }
  return false;
}

void
hive_watch_forget (HiveWatch *watch, const char *id)
{
  WatchedJob *job = hive_watch_find (watch, id);

  if (!job || watched_job_is_active (job))
    return;
  g_ptr_array_remove (watch->jobs, job);
  watch->handler->changed (watch->userdata);
}

/* @job was told to have ended; once, as it is no longer active then. */
static void
hive_watch_end (HiveWatch *watch, WatchedJob *job)
{
  if (!watch->handler->ended (job, watch->userdata))
    g_ptr_array_remove (watch->jobs, job);
}

/* Takes what the hive says of a job that may be another user's, or known. @is_new: it may have ended before it was
 * heard of. */
static void
hive_watch_take (HiveWatch *watch, WatchedJob *said, bool is_new)
{
  g_autoptr (WatchedJob) job = said;
  WatchedJob *known = hive_watch_find (watch, job->id);

  if (known && watched_job_is_active (known))
    {
      WatchedJob earlier = *known;

      *known = *job;
      *job = earlier;
    }
  else if (!known && job->id && job->worker && job->owner == getuid () && (is_new || watched_job_is_active (job)) &&
           watch->jobs->len < MAX_JOBS)
    {
      known = g_steal_pointer (&job);
      g_ptr_array_add (watch->jobs, known);
      watch->handler->started (known, watch->userdata);
    }
  else
    return;
  if (!watched_job_is_active (known))
    hive_watch_end (watch, known);
}

/* Jobs that run on as far as we know, and are not in @listed: their end was missed, and what it was cannot be told. */
static void
hive_watch_drop_missing (HiveWatch *watch, GHashTable *listed)
{
  for (guint i = watch->jobs->len; i-- > 0;)
    {
      WatchedJob *job = watch->jobs->pdata[i];

      if (watched_job_is_active (job) && !g_hash_table_contains (listed, job->id))
        g_ptr_array_remove_index (watch->jobs, i);
    }
}

static int
hive_watch_on_list (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  g_autoptr (GHashTable) listed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  HiveWatch *watch = userdata;
  int r;

  if (sd_bus_message_is_method_error (reply, NULL))
    return 0;
  if ((r = sd_bus_message_enter_container (reply, 'a', "a{sv}")) < 0)
    return r;
  while ((r = sd_bus_message_at_end (reply, false)) == 0)
    {
      g_autoptr (WatchedJob) job = watched_job_new ();

      if ((r = watched_job_read (job, reply)) < 0)
        return r;
      if (!job->id)
        continue;
      g_hash_table_add (listed, g_strdup (job->id));
      hive_watch_take (watch, g_steal_pointer (&job), false);
    }
  if (r < 0)
    return r;
  hive_watch_drop_missing (watch, listed);
  watch->handler->changed (watch->userdata);
  return 0;
}

/* A call of the hive, which does not start it. */
static int
hive_watch_new_call (HiveWatch *watch, sd_bus_message **ret, const char *path, const char *interface,
                     const char *member)
{
  int r = sd_bus_message_new_method_call (watch->bus, ret, HIVE_NAME, path, interface, member);

  return r < 0 ? r : sd_bus_message_set_auto_start (*ret, false);
}

static int
hive_watch_list (HiveWatch *watch)
{
  sd_bus_message *call = NULL;
  int r;

  if ((r = hive_watch_new_call (watch, &call, HIVE_PATH, HIVE_INTERFACE, "ListJobs")) >= 0 &&
      (r = sd_bus_message_append (call, "a{sv}", 0)) >= 0)
    r = sd_bus_call_async (watch->bus, NULL, call, hive_watch_on_list, watch, 0);
  sd_bus_message_unref (call);
  return r;
}

static void
hive_watch_on_owner (const char *unique, void *userdata)
{
  HiveWatch *watch = userdata;

  if (unique)
    hive_watch_list (watch);
  watch->handler->changed (watch->userdata);
}

static int
hive_watch_on_job (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  g_autoptr (WatchedJob) job = watched_job_new ();
  HiveWatch *watch = userdata;
  int r;

  if (sd_bus_message_is_method_error (reply, NULL))
    return 0;
  if ((r = watched_job_read (job, reply)) < 0)
    return r;
  hive_watch_take (watch, g_steal_pointer (&job), true);
  watch->handler->changed (watch->userdata);
  return 0;
}

static int
hive_watch_on_new (sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
  HiveWatch *watch = userdata;
  sd_bus_message *call = NULL;
  const char *path;
  int r;

  if (!bus_owner_sent (watch->owner, signal))
    return 0;
  if ((r = sd_bus_message_read (signal, "so", NULL, &path)) >= 0 &&
      (r = hive_watch_new_call (watch, &call, path, "org.freedesktop.DBus.Properties", "GetAll")) >= 0 &&
      (r = sd_bus_message_append (call, "s", JOB_INTERFACE)) >= 0)
    r = sd_bus_call_async (watch->bus, NULL, call, hive_watch_on_job, watch, 0);
  sd_bus_message_unref (call);
  return r < 0 ? r : 0;
}

static int
hive_watch_on_finished (sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
  HiveWatch *watch = userdata;
  const char *id, *result, *message;
  WatchedJob *job;
  int r;

  if (!bus_owner_sent (watch->owner, signal))
    return 0;
  if ((r = sd_bus_message_read (signal, "sosss", &id, NULL, &result, NULL, &message)) < 0)
    return r;
  job = hive_watch_find (watch, id);
  if (!job || !watched_job_is_active (job))
    return 0;
  g_free (job->state);
  job->state = g_strdup (result);
  g_free (job->message);
  job->message = g_strdup (message);
  hive_watch_end (watch, job);
  watch->handler->changed (watch->userdata);
  return 0;
}

/* Takes what changes of a job, but not its end: JobFinished follows. */
static int
hive_watch_on_changed (sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
  HiveWatch *watch = userdata;
  const char *path = sd_bus_message_get_path (signal);
  WatchedJob *job;
  g_autofree char *state = NULL;
  int r;

  if (!bus_owner_sent (watch->owner, signal) || !g_str_has_prefix (path, JOB_PREFIX "/"))
    return 0;
  job = hive_watch_find (watch, path + strlen (JOB_PREFIX "/"));
  if (!job || !watched_job_is_active (job))
    return 0;
  state = g_strdup (job->state);
  if ((r = sd_bus_message_skip (signal, "s")) < 0 || (r = watched_job_read (job, signal)) < 0)
    return r;
  if (!watched_job_is_active (job))
    {
      g_free (job->state);
      job->state = g_steal_pointer (&state);
    }
  watch->handler->changed (watch->userdata);
  return 0;
}

static int
hive_watch_on_updatable (sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
  HiveWatch *watch = userdata;
  const char *worker, *version;
  int r;

  if (!bus_owner_sent (watch->owner, signal))
    return 0;
  if ((r = sd_bus_message_read (signal, "ss", &worker, &version)) < 0)
    return r;
  watch->handler->updatable (worker, version, watch->userdata);
  return 0;
}

#define FROM_THE_HIVE "type='signal',sender='" HIVE_NAME "',path='" HIVE_PATH "',interface='" HIVE_INTERFACE "',member="
#define OF_A_JOB                                                                                                       \
  "type='signal',sender='" HIVE_NAME "',path_namespace='" JOB_PREFIX "',interface='org.freedesktop.DBus.Properties',"  \
  "member='PropertiesChanged',arg0='" JOB_INTERFACE "'"

int
hive_watch_new (HiveWatch **ret, sd_bus *bus, const HiveWatchHandler *handler, void *userdata)
{
  g_autoptr (HiveWatch) watch = g_new0 (HiveWatch, 1);
  int r;

  watch->bus = sd_bus_ref (bus);
  watch->handler = handler;
  watch->userdata = userdata;
  watch->jobs = g_ptr_array_new_with_free_func ((GDestroyNotify)watched_job_free);
  if ((r = bus_owner_new (&watch->owner, bus, HIVE_NAME)) < 0 ||
      (r = sd_bus_add_match_async (bus, &watch->new, FROM_THE_HIVE "'JobNew'", hive_watch_on_new, NULL, watch)) < 0 ||
      (r = sd_bus_add_match_async (bus, &watch->finished, FROM_THE_HIVE "'JobFinished'", hive_watch_on_finished, NULL,
                                   watch)) < 0 ||
      (r = sd_bus_add_match_async (bus, &watch->updatable, FROM_THE_HIVE "'UpdateAvailable'", hive_watch_on_updatable,
                                   NULL, watch)) < 0 ||
      (r = sd_bus_add_match_async (bus, &watch->changed, OF_A_JOB, hive_watch_on_changed, NULL, watch)) < 0)
    return r;
  bus_owner_watch (watch->owner, hive_watch_on_owner, watch);
  *ret = g_steal_pointer (&watch);
  return 0;
}

void
hive_watch_free (HiveWatch *watch)
{
  if (!watch)
    return;
  bus_owner_free (watch->owner);
  sd_bus_slot_unref (watch->new);
  sd_bus_slot_unref (watch->finished);
  sd_bus_slot_unref (watch->updatable);
  sd_bus_slot_unref (watch->changed);
  sd_bus_unref (watch->bus);
  g_ptr_array_unref (watch->jobs);
  g_free (watch);
}
