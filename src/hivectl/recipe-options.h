/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "client.h"
#include "options.h"

/* Appends the a{sv} that InstallWorkerWithOptions and GetRecipe take: what was given of --backend, --source, --check,
 * --reinstall and --install-dependencies. */
void recipe_options_append (const Options *options, sd_bus_message *call);

/* @path as the hive is told it: absolute, and on this machine where its links lead, since the hive writes behind none.
 * Free with g_free(). */
char *recipe_options_folder (const Options *options, const char *path);
