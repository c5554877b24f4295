/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bridge.h"
#include "feed-chunk.h"
#include "log-watch.h"

struct Feeds
{
  Bridge *bridge;
  GHashTable *feeds; /* id → Feed */
  Chunks chunks;
};

/* A log that is read. */
struct Feed
{
  Feeds *feeds;
  char *id;
  uid_t owner;
  int fd;                 /* -1: the hive is being asked for it */
  GPtrArray *waiting;     /* of Request: for that */
  char *path;             /* on the bus */
  GPtrArray *readers;     /* of FeedReader */
  unsigned openings;      /* who will be readers soon */
  LogWatch *watch;        /* while it grows slowly */
  sd_event_source *timer; /* while it grows fast */
  uint64_t turned_at;     /* µs, when the last turn began; and how long to wait for the next, by how long that took */
  uint64_t pause;
  uint64_t size;       /* of the log, as of the last turn */
  unsigned generation; /* counts turns */
  bool turning;
  bool quiet;                               /* since the last heartbeat */
  char *state, *error_name, *error_message; /* of the job, when it has ended; NULL: not that we know */
  BusCall *call;                            /* asks whether it has, or for the log */
};

Feed *feed_new (Feeds *feeds, const char *id);
void feed_free (Feed *feed);

/* Somebody reads it, for the first time or again; and whether nobody does any more. */
void feed_wake (Feed *feed);
void feed_rest (Feed *feed);

/* Everybody who has what there was gets what there is. */
void feed_turn (Feed *feed);

/* What the hive says of the job, in case its log does not say how it ended (no space). */
void feed_learn (Feed *feed, JsonObject *job);

/* A log that has been quiet for long: has its job ended without a word? */
void feed_ask (Feed *feed);

/* Whether the log is ended, and @cursor after its last record. */
bool feed_ends_at (const Feed *feed, uint64_t cursor);

/* A cursor is at the start of a record. */
bool feed_gave (const Feed *feed, uint64_t cursor);
