/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* Copies the rest of @from to @to: as one more name for the same blocks where the file system can (FICLONE), else as
 * cp(1) does. @is_cancelled (NULL: never) is asked between pieces. 0, or a negative errno; -EINTR: it was cancelled. */
int file_copy (int from, int to, bool (*is_cancelled) (void));
