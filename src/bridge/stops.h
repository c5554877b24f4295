/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* worker_process_delete: ends the instance whose process @pid is; of no other process. */
void stop_process (Request *request, const char *pid);

/* model_unload: ends all instances that run with @model. */
void stop_users_of_model (Request *request, const char *model);
