/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* Workers that run: /v1/instances, and the instance of the path below it. Each is what the hive's method of that name
 * does; openapi.json says what they take and answer. */
void instances_get (Request *request);
void instances_post (Request *request);
void instance_get (Request *request);
void instance_delete (Request *request);
void instance_restart (Request *request);
void instance_set_boot (Request *request);

/* The API key, for those who are known by name alone. */
void instance_get_key (Request *request);
