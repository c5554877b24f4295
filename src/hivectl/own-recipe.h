/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "client.h"
#include "options.h"

/* A recipe in no catalog, which is handed over to the hive with the files beside it that it names. */

/* Whether what was given to install is the path of one and no worker: it begins with a slash or a dot. */
bool own_recipe_is_path (const char *worker);

/* Reads the PKGBUILD at @path (or in that folder), here and in a sandbox, and asks for the job that installs it: its
 * path, or NULL and @error. */
char *own_recipe_install (Client *client, const Options *options, const char *path, GError **error);
