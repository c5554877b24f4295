/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "places.h"

/* Who besides root (and the user that runs the hive) may write to the open file or folder @fd (O_PATH will do), in
 * words; NULL: nobody. */
char *writers_other (int fd);

/* Failed, with what to do, when somebody may change what is in the folder @path, which is a prefix or below one. One
 * that does not exist is fine. */
bool writers_check (Places *places, const char *path, GError **error);
