/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "idle.h"

#include <systemd/sd-daemon.h>

#define ACCURACY (G_USEC_PER_SEC / 4)
#define POLL     (50 * 1000)

struct Idle
{
  Hive *hive;
  sd_bus_slot *filter;
  sd_bus_slot *release;
  sd_event_source *timer;
  uint64_t busy_at; /* when something was last seen to happen; monotonic */
};

static int
idle_on_message (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Idle *idle = userdata;
  uint8_t type;

  if (sd_bus_message_get_type (message, &type) >= 0 && type == SD_BUS_MESSAGE_METHOD_CALL)
    sd_event_now (idle->hive->event, CLOCK_MONOTONIC, &idle->busy_at);
  return 0;
}

/* Who called before the name was gone is still answered; a job that was asked for waits for the next daemon, which
 * rbee-hived.path starts. */
static int
idle_on_leaving (sd_event_source *source, uint64_t usec, void *userdata)
{
  Idle *idle = userdata;

  if (!hive_has_questions (idle->hive))
    return sd_event_exit (idle->hive->event, 0);
  sd_event_source_set_time_relative (source, POLL);
  return sd_event_source_set_enabled (source, SD_EVENT_ONESHOT);
}

static int
idle_on_released (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Idle *idle = userdata;

  idle->timer = sd_event_source_disable_unref (idle->timer);
  return sd_event_add_time_relative (idle->hive->event, &idle->timer, CLOCK_MONOTONIC, 0, 1, idle_on_leaving, idle);
}

/* systemd first: told that we stop, it starts us again for whoever calls from now on. Then the name: nobody reaches us
 * any more. What had reached us by then comes before the answer. */
static int
idle_leave (Idle *idle)
{
  sd_notify (0, "STOPPING=1\nSTATUS=Idle");
  return sd_bus_release_name_async (idle->hive->bus, &idle->release, HIVE_NAME, idle_on_released, idle);
}

static int
idle_on_timer (sd_event_source *source, uint64_t usec, void *userdata)
{
  Idle *idle = userdata;
  uint64_t timeout = (uint64_t)idle->hive->configuration->idle_timeout * G_USEC_PER_SEC;
  uint64_t now;

  sd_event_now (idle->hive->event, CLOCK_MONOTONIC, &now);
  if (hive_is_busy (idle->hive))
    idle->busy_at = now;
  if (now >= idle->busy_at + timeout)
    return idle_leave (idle);
  sd_event_source_set_time (source, idle->busy_at + timeout);
  return sd_event_source_set_enabled (source, SD_EVENT_ONESHOT);
}

Idle *
idle_new (Hive *hive)
{
  Idle *idle = g_new0 (Idle, 1);
  uint64_t timeout = (uint64_t)hive->configuration->idle_timeout * G_USEC_PER_SEC;

  idle->hive = hive;
  sd_event_now (hive->event, CLOCK_MONOTONIC, &idle->busy_at);
  if (sd_bus_add_filter (hive->bus, &idle->filter, idle_on_message, idle) < 0 ||
      sd_event_add_time_relative (hive->event, &idle->timer, CLOCK_MONOTONIC, timeout, ACCURACY, idle_on_timer, idle) <
          0)
    g_error ("Out of memory");
  return idle;
}

void
idle_free (Idle *idle)
{
  if (!idle)
    return;
  sd_event_source_disable_unref (idle->timer);
  sd_bus_slot_unref (idle->filter);
  sd_bus_slot_unref (idle->release);
  g_free (idle);
}
