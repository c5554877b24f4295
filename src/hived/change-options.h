/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive.h"

/* What a caller may add to a removal, an upgrade or a rollback. */
typedef struct
{
  int64_t owner;         /* the uid of the person whom the bridge acts for; -1: not given */
  char *idempotency_key; /* NULL: not given */
} ChangeOptions;

#define CHANGE_OPTIONS_NONE                                                                                            \
  {                                                                                                                    \
    .owner = -1                                                                                                        \
  }

/* Reads the a{sv} of RemoveWorkerWithOptions and its like. A negative errno with @error set: InvalidArgument for what
 * is not allowed, AccessDenied for an `owner` that is not the bridge's. */
int change_options_read (Hive *hive, sd_bus_message *message, ChangeOptions *options, sd_bus_error *error);
void change_options_clear (ChangeOptions *options);

/* The rules for both, wherever they are given: what was not given is fine. InvalidArgument. */
bool change_options_check (int64_t owner, const char *key, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ChangeOptions, change_options_clear)
