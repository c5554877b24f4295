/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* GET /metrics, as OpenMetrics 1.0 has it. */
void metrics_get (Request *request);
