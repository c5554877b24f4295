/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "watched-job.h"

typedef void (*RunQuestionAnswered) (const WatchedJob *job, bool can_start, void *userdata);

/* Asks the hive, which is not started by it, whether the worker of @job (owned) can be started: somebody says how, and
 * this hive runs workers. What cannot be learned is no. */
void run_question_ask (sd_bus *bus, WatchedJob *job, RunQuestionAnswered answered, void *userdata);
