/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"

/* Puts the jobs on the bus. 0 or a negative errno. */
int job_object_publish (Hive *hive);

/* Appends the job's a{sv} of ListJobs. 0 or a negative errno. */
int job_object_append (const Job *job, sd_bus_message *message);
