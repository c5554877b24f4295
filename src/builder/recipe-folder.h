/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sandbox.h"

/* Shows @sandbox the folder @outside in which a recipe lies as @inside, where the recipe may write: on a copy, in
 * memory, that is gone with the sandbox. A few of the world's recipes write beside themselves while they are read. */
bool recipe_folder_show (Sandbox *sandbox, const char *outside, const char *inside, GError **error);

/* The same of the caller's home, if he may write there; nothing of it is shown. */
void recipe_folder_show_home (Sandbox *sandbox, const char *home, const char *inside);
