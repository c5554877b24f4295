/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-watch.h"

#include <glib/gi18n.h>

/* Jobs change often while many begin or end: what is shown of that is enough for eyes. */
#define INTERVAL (G_USEC_PER_SEC / 4)

/* How often a hive that is gone is asked whether it is back, and how many times. */
#define RETRY_INTERVAL G_USEC_PER_SEC

/* A hive that leaves is left alone for so long: a call would have systemd start it, and cancel the stop. */
#define ABSENCE_MIN (2 * G_USEC_PER_SEC)
#define RETRIES     10

typedef struct
{
  sd_bus *bus;
  bool changed;
  int64_t due; /* not before */
  int retries;
} JobWatch;

/* A signal only says that it is worth while to ask, so whoever sent it may have. */
static int
job_watch_on_signal (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  JobWatch *watch = userdata;

  watch->changed = true;
  return 0;
}

static int
job_watch_on_owner (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  JobWatch *watch = userdata;
  const char *name, *before, *now;

  watch->changed = true;
  if (sd_bus_message_read (message, "sss", &name, &before, &now) >= 0 && !*now)
    watch->due = g_get_monotonic_time () + ABSENCE_MIN;
  return 0;
}

static int
job_watch_listen (JobWatch *watch)
{
  static const char owner[] =
      "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" HIVE_NAME "'";
  static const char *const matches[] = {
    "type='signal',sender='" HIVE_NAME "',interface='" HIVE_INTERFACE "'",
    "type='signal',sender='" HIVE_NAME "',interface='org.freedesktop.DBus.Properties',path_namespace='" HIVE_PATH
    "/job'",
  };
  int r = sd_bus_add_match (watch->bus, NULL, owner, job_watch_on_owner, watch);

  for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (matches); i++)
    r = sd_bus_add_match (watch->bus, NULL, matches[i], job_watch_on_signal, watch);
  return r;
}

/* Until something changed, and no sooner than it is due. */
static int
job_watch_wait (JobWatch *watch)
{
  int r;

  for (;;)
    {
      int64_t left = watch->due - g_get_monotonic_time ();

      while ((r = sd_bus_process (watch->bus, NULL)) > 0)
        ;
      if (r < 0 || (watch->changed && left <= 0))
        return r;
      r = sd_bus_wait (watch->bus, watch->changed ? (uint64_t)left : UINT64_MAX);
      if (r < 0)
        return r;
    }
}

/* Shows what there is. Returns false at the end, be it a failure. */
static bool
job_watch_turn (JobWatch *watch, JobWatchShow show, void *userdata, GError **error)
{
  g_autoptr (GError) failure = NULL;
  int active;

  watch->changed = false;
  active = show (userdata, &failure);
  watch->due = g_get_monotonic_time () + INTERVAL;
  if (active >= 0)
    watch->retries = 0;
  else if (failure->code == EXIT_STATUS_NO_HIVE && sd_bus_is_open (watch->bus) > 0 && watch->retries < RETRIES)
    {
      watch->retries++;
      watch->changed = true;
      watch->due += RETRY_INTERVAL;
      return true;
    }
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  return active > 0;
}

bool
job_watch (Client *client, JobWatchShow show, void *userdata, GError **error)
{
  JobWatch watch = { .bus = client_bus (client, error), .retries = RETRIES };
  g_autoptr (GError) failure = NULL;
  int r;

  if (!watch.bus)
    return false;
  r = job_watch_listen (&watch);
  while (r >= 0 && job_watch_turn (&watch, show, userdata, &failure))
    r = job_watch_wait (&watch);
  if (failure)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return false;
    }
  if (r < 0)
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_NO_HIVE, _ ("The connection to %s broke off: %s"),
                 client_where (client), g_strerror (-r));
  return r >= 0;
}
