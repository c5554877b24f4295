/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "exit-status.h"
#include "options.h"

/* --host=A,B,C: the same verb on several machines side by side, each in a process of its own. */

/* More would rather want an Ansible inventory than a command line. */
#define HOSTS_MAX 256

/* What @host names, NULL-terminated. Fails for an empty name, one that is there twice, and for too many. */
char **hosts_split (const char *host, GError **error);

/* Does a verb on the hive of @host, in a process of its own: standard input is empty, output and errors are pipes. */
typedef ExitStatus (*HostsRun) (const char *host, void *userdata);

/* Runs @run for each of @hosts at once. What they print is shown a line at a time with the host's name before it, and
 * last a table of how each ended; with --json it is one array of {host, status, output, message}. Gives the highest
 * status there was. */
ExitStatus hosts_run (char *const *hosts, const Options *options, HostsRun run, void *userdata, GError **error);
