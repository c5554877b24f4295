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
  INSTANCE_RUN,    /* the worker is to be started when its socket listens */
  INSTANCE_LISTEN, /* it waits for requests, and serves them */
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
  bool knocked;   /* a connection was made that starts the worker */
  bool was_ready; /* since it was started */
  bool given_up;  /* it failed, and its units were ended */
  bool announced;
  struct
  {
    InstanceState state;
    uint64_t since;
    uint32_t main_pid, restarts;
  } told;         /* what was announced last */
  bool diagnosed; /* what follows has what it printed last */
  int error_code; /* HiveError; -1: none */
  char *error;
  char *warning; /* its model may be too large; NULL: nothing is known of that */
  sd_bus_slot *making;
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

/* Notes that its units were made since the machine was booted, and its goal, which is to run or to listen; and reads
 * that. False: nothing was noted. */
bool instance_mark (const Instance *instance, GError **error);
bool instance_is_marked (const Instance *instance, InstanceGoal *ret_goal);

/* Its Unix socket. One that listens on an address has it too, for the hive. Free with g_free. */
char *instance_socket_path (const Instance *instance);

/* A file with its API key, which is made when there is none; NULL: it has none. Free with g_free. */
char *instance_key_file (const Instance *instance);
bool instance_make_key (const Instance *instance, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Instance, instance_free)
