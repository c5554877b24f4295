/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* The routes beneath /v1/jobs, but for POST. Where one is open, request->parameter is the id. */
void jobs_list (Request *request);
void jobs_get (Request *request);
void jobs_cancel (Request *request);
void jobs_stream (Request *request);
void jobs_log (Request *request);
