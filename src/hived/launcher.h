/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "configuration.h"

/* Starts the hive's own programs (builder, commit) and says how they ended. There are two: the direct launcher forks
 * them, for containers, demonstrations and tests; systemd's makes each a transient unit, which has a user and limits of
 * its own and outlives the daemon. */
typedef struct Launcher Launcher;
typedef struct Child Child;

/* How a program ended. Of what nobody knows any more nothing good is assumed. */
typedef enum
{
  ENDING_UNKNOWN,
  ENDING_EXITED, /* by itself, with the exit status @number */
  ENDING_KILLED, /* by the signal @number */
  ENDING_OUT_OF_MEMORY,
  ENDING_TIMED_OUT,
  ENDING_NOT_STARTED, /* @message says why */
} EndingKind;

typedef struct
{
  EndingKind kind;
  int number;
  const char *message; /* borrowed; NULL unless it was not started */
} Ending;

/* Called once, when the program itself has ended; what it started may still run. */
typedef void (*ChildHandler) (const Ending *ending, void *userdata);

/* Called once, when the last process of a child is gone. The child may be freed in it. */
typedef void (*ChildGoneHandler) (void *userdata);

typedef enum
{
  LAUNCH_BUILDER, /* a user of its own, the network, sandboxes */
  LAUNCH_PROBE,   /* a user of its own, the devices that compute, no network */
  LAUNCH_READER,  /* a user of its own, the models, no network */
  LAUNCH_JOURNAL, /* a user of its own that may read the journal, no network */
  LAUNCH_COMMIT,  /* root, the installed files, no network */
  LAUNCH_PUSH,    /* root, the installed files to read, the key that signs, no network: a builder takes it further */
} LaunchRole;

typedef struct
{
  LaunchRole role;
  char *const *arguments;  /* the first is the program's path */
  const char *description; /* what systemctl shows */
  int input;               /* becomes standard input; -1: /dev/null */
  int output;              /* becomes standard output; -1: /dev/null */
  const char *tokens;      /* whose catalog's token it gets (credentials.h): NULL: none, "*": all of them */
  bool dies_with_hive;     /* the direct launcher has it sent SIGTERM when the daemon dies */

  /* Of a job. Only what has a @name can be found again by a later daemon. */
  const char *writes; /* a folder that it may write to besides; NULL: none */
  const char *seen;   /* a folder that it may read besides; NULL: none */
  const char *name;   /* its unit's, without ".service"; NULL: any */
  const char *work;   /* a folder that is made for it, and is its user's; NULL: none */
  const char *job_id; /* fields of its lines in the journal; NULL: none */
  const char *worker_id;
} Launch;

/* @bus is borrowed, and NULL for the direct launcher. */
Launcher *launcher_new (sd_event *event, sd_bus *bus, const Configuration *configuration);
void launcher_free (Launcher *launcher);

/* Whether jobs run on without the daemon. */
bool launcher_outlives_hive (const Launcher *launcher);

/* Starts @launch; its descriptors are borrowed for the call. Failed or LimitsExceeded when it cannot be tried; what
 * fails later reaches @handler as ENDING_NOT_STARTED, or as the exit status 126 or 127 of the direct launcher. */
Child *launcher_start (Launcher *launcher, const Launch *launch, ChildHandler handler, void *userdata, GError **error);

/* The child that an earlier daemon started under @name: @handler is told its end, or ENDING_UNKNOWN when there is none.
 * NULL when nothing outlives the daemon. */
Child *launcher_adopt (Launcher *launcher, const char *name, ChildHandler handler, void *userdata);

/* Sends @signal to the program alone, or with @whole to everything that it started. */
void child_signal (Child *child, int signal, bool whole);

/* After its end: ends what it left behind, and calls @gone from the event loop when nothing of it runs any more. */
void child_collect (Child *child, ChildGoneHandler gone, void *userdata);

/* Forgets the child: none of its handlers is called any more. One that still runs is killed, unless it was started to
 * outlive the daemon. */
void child_free (Child *child);

/* "status 1", "signal 9", "out of memory": how it ended. */
char *ending_to_string (const Ending *ending);

/* "exited", "killed", …: for records, and back; what no kind has for a name is ENDING_UNKNOWN. */
const char *ending_kind_name (EndingKind kind);
EndingKind ending_kind_find (const char *name);

/* The exit status, or -1 when it did not exit by itself. */
int ending_status (const Ending *ending);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Launcher, launcher_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Child, child_free)
