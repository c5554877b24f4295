/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Where claims are: RuntimeDirectory= of the daemon's unit, and of every hive that root runs otherwise (uid-claim.h).
 */
#define JOB_USER_FOLDER "/run/rbee-hive-users"

/* Users for jobs that are units of systemd, each for one unit at a time: rbee-builder-0, rbee-builder-1, …, as many as
 * sysusers.d(5) made. Not DynamicUser=: it denies bubblewrap openat2(2), which it needs since version 0.12.
 *
 * A claim is a file of the user's name that holds the unit's, in JOB_USER_FOLDER: like the unit it outlives the
 * daemon, and not the boot. */

/* Claims a user that is free for @unit, and sets @next, so that who is asked for next is the one that rested longest.
 * Failed when there are no such users, LimitsExceeded when all of them are claimed. */
char *job_user_claim (const char *unit, unsigned *next, GError **error);

void job_user_release (const char *user);

/* Calls @each for every claim, those of earlier daemons too. */
void job_user_foreach (void (*each) (const char *user, const char *unit, void *userdata), void *userdata);
