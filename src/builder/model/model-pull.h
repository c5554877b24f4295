/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"

/* Fetches the model that @request names to the work directory (model-delivery.h). What is cut goes on where it was,
 * also in a later job. The builder's exit status. */
int model_pull_run (const Configuration *configuration, const JobRequest *request, LogWriter *log);
