/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* The routes that ask the hive one question and hand on its answer. */
void hive_get_catalog (Request *request);
void hive_get_catalogs (Request *request);
void hive_get_catalog_worker (Request *request);
void hive_get_recipe (Request *request);
void hive_get_workers (Request *request);
void hive_get_updates (Request *request);
void hive_get_worker_problems (Request *request);
void hive_get_capabilities (Request *request);
void hive_refresh_capabilities (Request *request);

/* /health: whether the hive answers. */
void hive_get_health (Request *request);
