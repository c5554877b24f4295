/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive.h"

/* The calls of Verify that wait for their answers. Each takes a process and reads all of a worker: a user has few at a
 * time, and one whose caller has left is ended. */
Verifications *verifications_new (Hive *hive);
void verifications_free (Verifications *verifications);

/* Answers @message, later. LimitsExceeded when its sender's user has as many as are allowed. */
int verifications_start (Verifications *verifications, sd_bus_message *message, const char *worker_id,
                         sd_bus_error *error);

/* The same of a model, by its name. */
int verifications_start_model (Verifications *verifications, sd_bus_message *message, const char *model,
                               sd_bus_error *error);

bool verifications_are_idle (const Verifications *verifications);
