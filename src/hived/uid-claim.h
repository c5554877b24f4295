/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* A uid that one job of one hive on this machine has for itself, whichever hives root runs and whatever they are
 * configured to share: a lock on a file in /run, which ends with whoever holds it. */

/* The lock of @uid, to be held as long as anything may run as it. -1 without an error when it is not free: another job
 * has it, it is a person's or a service's, or processes that a dead hive left still run as it. */
int uid_claim (uid_t uid, GError **error);
