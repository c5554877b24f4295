/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "capture.h"
#include "hive.h"
#include "instance-model.h"
#include "instance-options.h"
#include "instance-state.h"
#include "run-rule.h"

#define INSTANCE_FOLDER "/run/rbee-hive/instances" /* of their sockets */
#define INSTANCE_PORT   "8080"                     /* each has a network of its own */

/* What becomes of an instance. */
typedef enum
{
  INSTANCE_RUN,    /* it is to be ready */
  INSTANCE_LISTEN, /* it waits for the first request */
  INSTANCE_AGAIN,  /* it is to end, and to be made again */
  INSTANCE_REMOVE, /* it is to end, and be forgotten */
} InstanceGoal;

/* An installed worker that is to run. systemd runs it: a socket, a proxy which the socket starts, and the worker, which
 * the proxy needs. The record StateDirectory/instances/NAME.json is what outlives the daemon. */
typedef struct
{
  Hive *hive;
  char *worker_id;
  char *version; /* that runs, or would */
  char *path;    /* its object */
  char *address; /* where it is reached: "unix:PATH" or "http://ADDRESS:PORT" */
  InstanceOptions *options;
  InstanceModel *model; /* NULL: none */
  RunRule *rule;        /* NULL: there is none any more */
  char **cards;         /* those it may use, each its nodes with commas between them; NULL: those of its kind */
  InstanceUnit *units[INSTANCE_UNITS];

  InstanceGoal goal;
  InstanceState state;
  bool made;      /* systemd has its units */
  bool kicks;     /* the worker is to be started when the socket listens */
  bool was_ready; /* since it was started */
  bool given_up;  /* it failed, and its units were ended */
  bool announced;
  bool diagnosed; /* what follows has what it printed last */
  int error_code; /* HiveError; -1: none */
  char *error;
  char *warning; /* its model may be too large; NULL: nothing is known of that */
  sd_bus_slot *making, *kicking;
  sd_event_source *retry; /* until its units are made once more */
  unsigned retries;
  sd_bus_message *start; /* the call that made it, until its socket listens */
  GPtrArray *stops;      /* of sd_bus_message: calls that wait for its end */
  Capture *lines;
} Instance;

/* @options and @model (NULL: none) are the instance's from then on. */
Instance *instance_new (Hive *hive, const char *worker_id, InstanceOptions *options, InstanceModel *model);
void instance_free (Instance *instance);

/* The record. NULL and Failed when it cannot be written, or read. */
bool instance_write (const Instance *instance, GError **error);
Instance *instance_read (Hive *hive, const char *name, GError **error);
void instance_forget (const Instance *instance);

/* Notes that its units were made since the machine was booted, and whether the worker is still to be started; and reads
 * that. False: nothing was noted. */
bool instance_mark (const Instance *instance, GError **error);
bool instance_is_marked (const Instance *instance, bool *ret_kicks);

/* A file with its API key, which is made when there is none; NULL: it has none. Free with g_free. */
char *instance_key_file (const Instance *instance);
bool instance_make_key (const Instance *instance, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Instance, instance_free)
