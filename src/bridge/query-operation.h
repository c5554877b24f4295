/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* Operations that only ask (worker_catalog_list, worker_process_get, model_list …), and what came of those that change
 * something at once (model_delete). Who knows jobs alone asks them as jobs: the id is the question
 * ("worker_catalog_get.hive-probe"), and the answer is asked for when its stream is read. */

/* @about: the worker, process or model; NULL where the question is about none. */
char *query_operation_id (const char *operation, const char *about);

/* Whether @id is a question's. */
bool query_operation_is_id (const char *id);

/* GET /v1/jobs/ID of a question. */
void query_operation_show (Request *request, const char *id);

/* GET /v1/jobs/ID/stream: one line of JSON and `[DONE]`, or `[ERROR] why`. */
void query_operation_stream (Request *request, const char *id);
