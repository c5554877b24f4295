/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/* What the person asks the hive for. It may ask for a password, and is started when it is not there: this is not a
 * doing of ours. @failed is told why it does not, in the person's language; not when the question for the password was
 * dismissed. */
typedef void (*HiveRequestFailed) (const char *why, void *userdata);

/* Cancels the job. */
void hive_request_cancel (sd_bus *bus, const char *job, HiveRequestFailed failed, void *userdata);

/* Runs the worker, as it does without a choice. */
void hive_request_start (sd_bus *bus, const char *worker, HiveRequestFailed failed, void *userdata);

/* Ends the worker that runs by that name. */
void hive_request_stop (sd_bus *bus, const char *instance, HiveRequestFailed failed, void *userdata);

/* Asks for the same once more. */
void hive_request_try_again (sd_bus *bus, const char *job, HiveRequestFailed failed, void *userdata);
