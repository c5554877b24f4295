/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"

/* The record (model-record.h) of what a builder's `result` says that it has fetched or copied; NULL and BuildFailed
 * when it is not usable. Free with json_object_unref(). */
JsonObject *model_result_parse (const Job *job, const char *text, GError **error);
