/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "configuration.h"

/* The direct launcher: forks the hive's own programs (builder, commit) and waits for them in the event loop. */
typedef struct Launcher Launcher;
typedef struct Child Child;

/* Called once when the child is gone; the child may be freed in it. */
typedef void (*ChildHandler) (const siginfo_t *status, void *userdata);

typedef struct
{
  char *const *arguments; /* the first is the program's path */
  int input;              /* becomes standard input; -1: /dev/null */
  int output;             /* becomes standard output; -1: /dev/null */
  uid_t uid;              /* who runs it; the hive's own uid changes nothing */
  bool dies_with_hive;    /* is sent SIGTERM when the daemon dies */
} Launch;

/* Makes this process a subreaper, so that what a dead builder leaves behind becomes ours to end. @configuration is
 * borrowed. */
Launcher *launcher_new (sd_event *event, const Configuration *configuration);
void launcher_free (Launcher *launcher);

/* A user for one job or query: run by root a free uid of UserRange=, else the hive's own. LimitsExceeded when none is
 * free. */
bool launcher_take_uid (Launcher *launcher, uid_t *ret_uid, GError **error);

/* Gives it back, after ending whatever still runs as this user. */
void launcher_release_uid (Launcher *launcher, uid_t uid);

/* Starts @launch. Failed when it can't be forked; a program that can't be executed ends with status 127. */
Child *launcher_start (Launcher *launcher, const Launch *launch, ChildHandler handler, void *userdata, GError **error);

/* Ends processes that dead builders left to us; true when none is left. */
bool launcher_end_orphans (Launcher *launcher);

/* Sends @signal to the child alone, or with @group to its whole session's group. */
void child_signal (Child *child, int signal, bool group);

/* Forgets the child: its handler isn't called any more. One that still runs is killed. */
void child_free (Child *child);

/* Forgets the child and lets it run on. */
void child_abandon (Child *child);

/* "signal 9", "status 1": how it ended. */
char *child_status_to_string (const siginfo_t *status);

/* The exit status, or -1 when a signal ended it. */
int child_status_code (const siginfo_t *status);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Launcher, launcher_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Child, child_free)
