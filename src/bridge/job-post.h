/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* POST /v1/jobs: starts what the field "operation" says, and answers with an id and the address of its stream. */
void job_post (Request *request);

/* That answer. */
void job_post_answer (Request *request, const char *id, HttpStatus status);
