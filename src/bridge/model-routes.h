/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* GET /v1/models: the models of this machine, and what was passed over. */
void models_get (Request *request);

/* DELETE /v1/models/NAME. To fetch one is a job: model_download. */
void model_delete (Request *request);
