/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* Operations that only ask (worker_catalog_list, worker_catalog_get, worker_list_installed, worker_installed_get). Who
 * knows jobs alone asks them as jobs: the id is the question ("worker_catalog_get.hive-probe"), and the answer is asked
 * for when its stream is read. */

/* Whether an operation is a question; @ret_takes_worker: and is one about a worker. */
bool question_is_operation (const char *operation, bool *ret_takes_worker);

/* @worker_id: NULL where the question is about none. */
char *question_id (const char *operation, const char *worker_id);

/* Whether @id is a question's. */
bool question_is_id (const char *id);

/* GET /v1/jobs/ID of a question. */
void question_show (Request *request, const char *id);

/* GET /v1/jobs/ID/stream: one line of JSON and `[DONE]`, or `[ERROR] why`. */
void question_stream (Request *request, const char *id);

/* The entry of worker @id in the answer of ListCatalog or ListWorkers; NULL: there is none. */
JsonNode *question_find_worker (JsonNode *workers, const char *id);
