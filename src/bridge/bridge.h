/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "configuration.h"
#include "listener.h"
#include "lookup-kind.h"

typedef struct Bus Bus;
typedef struct BusCall BusCall;
typedef struct Events Events;
typedef struct Feeds Feeds;
typedef struct Files Files;
typedef struct OriginCheck OriginCheck;
typedef struct OneTimeCodes OneTimeCodes;
typedef struct Server Server;
typedef struct Starts Starts;
typedef struct Tokens Tokens;

#define METRICS_RESULTS 3 /* done, failed, cancelled */

/* What is counted for /metrics. */
typedef struct
{
  uint64_t requests[6]; /* by the first digit of their status */
  uint64_t refused;     /* before they were requests: malformed, too many, too slow */
  uint64_t bytes;       /* of streams */
  uint64_t streams;     /* ever opened */
  unsigned open_streams;
  GHashTable *ended_jobs; /* ids of those that had ended when the hive was last asked; NULL: it was not */
  uint64_t ended[METRICS_RESULTS];
  uint64_t lookups[LOOKUP_KINDS]; /* of those */
} Metrics;

/* What the bridge is made of; every part has a pointer to it. */
typedef struct Bridge
{
  sd_event *event;
  const Configuration *configuration;
  Listener *listener;
  OriginCheck *origin_check;
  Tokens *tokens;
  OneTimeCodes *codes;   /* that a page exchanges for a token */
  OneTimeCodes *tickets; /* good for one stream */
  Bus *bus;
  Feeds *feeds;
  Events *events;
  Starts *starts;
  Files *files;
  Server *server;
  Metrics metrics;

  bool speaks_for_others; /* it runs as BRIDGE_USER, whom the hive believes for whom a job is */
  bool draining;
  uint64_t used_at;           /* µs, CLOCK_MONOTONIC: when it was last not idle */
  sd_event_source *heartbeat; /* of every stream */
  sd_event_source *idle_timer;
  sd_event_source *drain_timer;
} Bridge;

/* @address: of a bus; NULL: the system's. @configuration is borrowed. */
Bridge *bridge_new (sd_event *event, const Configuration *configuration, const char *address, GError **error);
void bridge_free (Bridge *bridge);

/* Takes no more connections, lets requests and what is half sent come to their end, not for long, and leaves the event
 * loop. */
void bridge_drain (Bridge *bridge);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bridge, bridge_free)
