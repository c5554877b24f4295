/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "callers.h"

/* The one seam through which every protected call goes: who may do what, asked of polkit where it is not plain. */
typedef struct Authority Authority;

typedef enum
{
  ACTION_INSTALL_WORKER,
  ACTION_INSTALL_DEPENDENCIES, /* ACTION_INSTALL_WORKER, and the system's packages that its build misses */
  ACTION_INSTALL_RECIPE,       /* ACTION_INSTALL_WORKER by a recipe that the caller hands over */
  ACTION_REMOVE_WORKER,
  ACTION_MANAGE_MODELS,
  ACTION_CANCEL_JOB,
  ACTION_READ_LOG, /* asked only with LogAccess=owner */
  ACTION_REFRESH,
  ACTION_RUN_WORKER,
  ACTION_PUSH_WORKER,
} Action;

/* What the sender of a call wants. It must follow from the call alone, so that what was allowed is what is done. */
typedef struct
{
  Action action;
  const char *worker; /* named to the person who is asked, as is the job; NULL: none */
  const char *job, *model;
  const char *recipe; /* the sum of one that was handed over, for rules */
  uid_t owner;        /* of the job, who is not asked; 0: root, who is never asked */
} AuthRequest;

/* @callers is borrowed. */
Authority *authority_new (sd_bus *bus, Callers *callers);

void authority_free (Authority *authority);

/* Takes back what polkit was asked, and tells who waits that the hive is being stopped. */
void authority_stop (Authority *authority);

/* Whether the sender of @message may do what @question says. Root, the user who runs the hive, and the owner may;
 * for anybody else polkit is asked, which may ask a person if @message allows that.
 *
 * 0 and the sender's uid in @ret_uid (may be NULL): the caller may. Not 0 is what the method returns as it is: either
 * 1, polkit was asked and the method will run again with the same message when it has answered; or a negative errno and
 * @error, which names polkit's action: AccessDenied, InteractiveAuthorizationRequired, or LimitsExceeded when too many
 * questions wait. When the sender leaves the bus meanwhile, the question is taken back and the method not run again.
 *
 * Arguments belong checked before: nobody should type a password to be told that a name is wrong. */
int authority_check (Authority *authority, sd_bus_message *message, const AuthRequest *question, uid_t *ret_uid,
                     sd_bus_error *error);

/* 0 when the sender of @message is the web page's bridge, which acts for people it knows; else a negative errno and
 * AccessDenied, saying that @what is for the bridge alone. */
int authority_check_bridge (Authority *authority, sd_bus_message *message, const char *what, sd_bus_error *error);

/* False while polkit is being asked. */
bool authority_is_idle (const Authority *authority);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Authority, authority_free)
