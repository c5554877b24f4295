/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sandbox.h"

/* Shows @sandbox the folder @outside in which a recipe lies as @inside, where the recipe may write: on a copy, in
 * memory, that is gone with the sandbox. A few of the world's recipes write beside themselves while they are read. */
bool recipe_folder_show (Sandbox *sandbox, const char *outside, const char *inside, GError **error);

/* What a recipe of one's own may take from beside its folder lies in this one: the top of the repository that @folder,
 * a true path, is in, else the folder above it, if that is the caller's. NULL: there is none, or it is the caller's
 * home, of which nothing is shown. Free with g_free. */
char *recipe_folder_above (const char *folder);
bool recipe_folder_is_repository (const char *folder); /* the top of one */

/* Shows an empty home, to write on, if the caller may write to the true one. */
void recipe_folder_show_home (Sandbox *sandbox, const char *home, const char *inside);
