/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backlog.h"

#include <errno.h>

#include "bus-stats.h"

#define MIB          ((size_t)1024 * 1024)
#define KEPT_MAX     (32 * MIB)
#define ASK_AFTER    (4 * MIB)
#define ASK_INTERVAL G_USEC_PER_SEC /* while it is too much */

struct Backlog
{
  sd_event *event;
  sd_bus *bus;
  sd_bus_slot *question;
  size_t said; /* since the bus was asked */
  uint64_t asked_at;
  bool full;
  bool blind; /* the bus doesn't say */
};

Backlog *
backlog_new (sd_event *event, sd_bus *bus)
{
  Backlog *backlog = g_new0 (Backlog, 1);

  backlog->event = event;
  backlog->bus = bus;
  return backlog;
}

void
backlog_free (Backlog *backlog)
{
  if (!backlog)
    return;
  sd_bus_slot_unref (backlog->question);
  g_free (backlog);
}

static int
backlog_on_answer (sd_bus_message *answer, void *userdata, sd_bus_error *error)
{
  Backlog *backlog = userdata;
  bool was_full = backlog->full;
  BusStats stats = { 0 };

  backlog->question = sd_bus_slot_unref (backlog->question);
  backlog->blind = bus_stats_read (answer, &stats) < 0;
  backlog->full = stats.said_bytes > KEPT_MAX;
  if (backlog->full && !was_full)
    g_warning ("Somebody on the bus listens and doesn't read: %zu MiB wait. No lines are sent until they are read",
               stats.said_bytes / MIB);
  return 0;
}

static void
backlog_ask (Backlog *backlog)
{
  const char *name;
  uint64_t now;

  sd_event_now (backlog->event, CLOCK_MONOTONIC, &now);
  if (backlog->question || now < backlog->asked_at + (backlog->full ? ASK_INTERVAL : 0) ||
      sd_bus_get_unique_name (backlog->bus, &name) < 0 ||
      bus_stats_ask (backlog->bus, &backlog->question, name, backlog_on_answer, backlog) < 0)
    return;
  backlog->asked_at = now;
  backlog->said = 0;
}

bool
backlog_take (Backlog *backlog, size_t size)
{
  if (backlog->blind)
    return true;
  if (backlog->full || backlog->said + size > ASK_AFTER)
    backlog_ask (backlog);
  if (backlog->full || backlog->said + size > 2 * ASK_AFTER)
    return false;
  backlog->said += size;
  return true;
}
