/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger.h"

/* What this machine has: below InstallRoot, and where the hive itself runs, which is what recipes are built with. */

/* A program @name in a folder that PATH has, other than the one at @path and than those of @old (NULL: none): where it
 * is, or NULL. */
char *system_files_find_program (const Ledger *ledger, const char *path, const char *name, const WorkerRecord *old);

/* @inside below @top ("/usr"), where 'lib' and 'lib64' count as one: where it is, or NULL. */
char *system_files_find (const Configuration *configuration, const char *top, const char *inside);

/* Anything called @name somewhere below @top: where it is, or NULL. */
char *system_files_find_below (const Configuration *configuration, const char *top, const char *name);

/* True when the folder @path holds something although nothing of @old (NULL: none) is in it. */
bool system_files_folder_is_used (const Ledger *ledger, const char *path, const WorkerRecord *old);
