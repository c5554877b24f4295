/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/* The one seam through which every protected call goes. */
typedef enum
{
  ACTION_INSTALL_WORKER,
  ACTION_REMOVE_WORKER,
  ACTION_CANCEL_JOB,
  ACTION_READ_LOG, /* asked only with LogAccess=owner */
  ACTION_REFRESH,
} Action;

/* Whether the sender of @message may do @action: root and the user who runs the hive may, and @owner (the job's;
 * (uid_t) -1: nobody) too. 1 and the sender's uid in @ret_uid when he may; else a negative errno and an AccessDenied
 * that says who may. */
int authority_check (sd_bus_message *message, Action action, uid_t owner, uid_t *ret_uid, sd_bus_error *error);
