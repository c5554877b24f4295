/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "client.h"
#include "options.h"

/* What became of a job that was followed. */
typedef struct
{
  ExitStatus status;
  bool left;    /* by Ctrl-C: the job runs on */
  bool missing; /* it failed with MissingDependencies */
} FollowResult;

typedef enum
{
  FOLLOW_TO_END = 1 << 0,  /* wait for what is still to come; else what is there is shown */
  FOLLOW_OUTCOME = 1 << 1, /* with --json, a last line says how the job ended */
} FollowFlags;

/* Shows the log of the job at @path from its beginning. False and @error when that fails; how the job itself ends is in
 * @ret_result (EXIT_STATUS_OK as long as it has not). */
bool follow_job (Client *client, const Options *options, const char *path, FollowFlags flags, FollowResult *ret_result,
                 GError **error);

/* Tells that a job was left and how to come back to it. */
void follow_report_left (Client *client, const char *path);
