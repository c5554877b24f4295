/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"

/* A recipe that was handed over with the request, in place of a catalog's. */

/* Makes the folder that @request's files will lie in the one catalog of @configuration. */
void recipe_files_announce (Configuration *configuration, const JobRequest *request);

/* The phase `metadata` for it: writes the files to the work directory, and an entry that says no more than they do. */
bool recipe_files_take (Builder *builder, GError **error);

/* The PKGBUILD among them; free with g_free. RecipeInvalid. */
char *recipe_files_text (const Builder *builder, GError **error);

/* RecipeInvalid unless it makes the worker that was asked for. */
bool recipe_files_check_name (const Builder *builder, GError **error);

/* The worker's program, of the package's list: what is named as @name is, else the first in a folder `bin`.
 * PackageInvalid. */
bool recipe_files_find_program (Builder *builder, const char *name, const GString *list, GError **error);
