/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "client.h"
#include "options.h"

/* Appends the a{sv} that InstallWorkerWithOptions and GetRecipe take: what was given of --backend, --source, --check,
 * --reinstall and --install-dependencies. */
void recipe_options_append (const Options *options, sd_bus_message *call);
