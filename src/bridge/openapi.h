/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* GET /v1/openapi.json: openapi.json as it is in the source. */
void openapi_get (Request *request);
