/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge.h"

#include <pwd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "bus.h"
#include "error.h"
#include "events.h"
#include "feeds.h"
#include "files.h"
#include "names.h"
#include "one-time-codes.h"
#include "origin-check.h"
#include "server.h"
#include "starts.h"
#include "token.h"

#define CODE_SECONDS   300
#define TICKET_SECONDS 30
#define BEAT_INTERVAL  (15 * G_USEC_PER_SEC)
#define DRAIN_TURN     (G_USEC_PER_SEC / 20)
#define DRAIN_TURNS    100 /* five seconds */

static uint64_t
bridge_now (Bridge *bridge)
{
  uint64_t now = 0;

  sd_event_now (bridge->event, CLOCK_MONOTONIC, &now);
  return now;
}

static bool
bridge_is_used (Bridge *bridge)
{
  return server_count (bridge->server) > 0 || bridge->metrics.open_streams > 0 ||
         !one_time_codes_is_empty (bridge->codes) || !one_time_codes_is_empty (bridge->tickets);
}

/* Where systemd holds the sockets, nobody needs us while nobody asks. */
static int
bridge_on_idle_timer (sd_event_source *source, uint64_t usec, void *userdata)
{
  Bridge *bridge = userdata;
  uint64_t timeout = (uint64_t)bridge->configuration->bridge_idle_timeout * G_USEC_PER_SEC;
  uint64_t now = bridge_now (bridge);

  if (bridge_is_used (bridge))
    bridge->used_at = now;
  if (now >= bridge->used_at + timeout)
    {
      g_message ("Idle for %u s, exiting; systemd keeps listening", bridge->configuration->bridge_idle_timeout);
      bridge_drain (bridge);
      return 0;
    }
  sd_event_source_set_time (source, bridge->used_at + timeout);
  sd_event_source_set_enabled (source, SD_EVENT_ONESHOT);
  return 0;
}

static void
bridge_watch_idleness (Bridge *bridge)
{
  bridge->used_at = bridge_now (bridge);
  if (bridge->listener->from_systemd && bridge->configuration->bridge_idle_timeout > 0)
    sd_event_add_time_relative (bridge->event, &bridge->idle_timer, CLOCK_MONOTONIC,
                                (uint64_t)bridge->configuration->bridge_idle_timeout * G_USEC_PER_SEC, G_USEC_PER_SEC,
                                bridge_on_idle_timer, bridge);
}

static int
bridge_on_heartbeat (sd_event_source *source, uint64_t usec, void *userdata)
{
  Bridge *bridge = userdata;

  feeds_beat (bridge->feeds);
  events_beat (bridge->events);
  starts_beat (bridge->starts);
  sd_event_source_set_time_relative (source, BEAT_INTERVAL);
  sd_event_source_set_enabled (source, SD_EVENT_ONESHOT);
  return 0;
}

Bridge *
bridge_new (sd_event *event, const Configuration *configuration, const char *address, GError **error)
{
  g_autoptr (Bridge) bridge = g_new0 (Bridge, 1);
  const struct passwd *user = getpwnam (BRIDGE_USER);

  bridge->event = event;
  bridge->configuration = configuration;
  bridge->listener = listener_new (configuration, error);
  if (!bridge->listener)
    return NULL;
  bridge->tokens = tokens_new (configuration->key_file, error);
  if (!bridge->tokens)
    return NULL;
  bridge->origin_check = origin_check_new (configuration, bridge->listener);
  bridge->codes = one_time_codes_new (CODE_SECONDS);
  bridge->tickets = one_time_codes_new (TICKET_SECONDS);
  bridge->files = files_new (configuration->web_directory);
  bridge->feeds = feeds_new (bridge);
  bridge->events = events_new (bridge);
  bridge->starts = starts_new (bridge);
  sd_event_add_time_relative (event, &bridge->heartbeat, CLOCK_MONOTONIC, BEAT_INTERVAL, 0, bridge_on_heartbeat,
                              bridge);
  bridge->bus = bus_new (bridge, address);
  bridge->server = server_new (bridge, error);
  if (!bridge->server)
    return NULL;
  if (configuration->trust_everybody)
    g_warning ("Authentication=none: every program and every user of this machine may install and remove workers");
  bridge->speaks_for_others = user && user->pw_uid == geteuid ();
  bridge_watch_idleness (bridge);
  return g_steal_pointer (&bridge);
}

void
bridge_free (Bridge *bridge)
{
  if (!bridge)
    return;
  sd_event_source_disable_unref (bridge->heartbeat);
  sd_event_source_disable_unref (bridge->idle_timer);
  sd_event_source_disable_unref (bridge->drain_timer);
  /* Requests and streams first: they wait for the bus, and requests for streams. */
  server_free (bridge->server);
  feeds_free (bridge->feeds);
  starts_free (bridge->starts);
  bus_free (bridge->bus);
  events_free (bridge->events);
  files_free (bridge->files);
  g_clear_pointer (&bridge->metrics.ended_jobs, g_hash_table_unref);
  one_time_codes_free (bridge->codes);
  one_time_codes_free (bridge->tickets);
  origin_check_free (bridge->origin_check);
  tokens_free (bridge->tokens);
  listener_free (bridge->listener);
  g_free (bridge);
}

static int
bridge_on_drain_timer (sd_event_source *source, uint64_t usec, void *userdata)
{
  Bridge *bridge = userdata;
  static unsigned turns;

  if (++turns >= DRAIN_TURNS || (server_count (bridge->server) == 0 && bridge->metrics.open_streams == 0))
    {
      sd_event_exit (bridge->event, 0);
      return 0;
    }
  sd_event_source_set_time_relative (source, DRAIN_TURN);
  sd_event_source_set_enabled (source, SD_EVENT_ONESHOT);
  return 0;
}

void
bridge_drain (Bridge *bridge)
{
  if (bridge->draining)
    return;
  bridge->draining = true;
  sd_notify (0, "STOPPING=1");
  server_close (bridge->server);
  feeds_drain (bridge->feeds);
  events_drain (bridge->events);
  starts_drain (bridge->starts);
  sd_event_add_time_relative (bridge->event, &bridge->drain_timer, CLOCK_MONOTONIC, 0, 1, bridge_on_drain_timer,
                              bridge);
}
