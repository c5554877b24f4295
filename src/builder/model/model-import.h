/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"

/* Copies the model that standard input is, a file that the caller opened, to the work directory of @request
 * (model-delivery.h), sharing its blocks where the file system can. The builder's exit status. */
int model_import_run (const Configuration *configuration, const JobRequest *request, LogWriter *log);
