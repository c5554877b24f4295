/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "places.h"
#include "tree.h"
#include "worker-record.h"

/* Copies @entry of @tree to the new name @temporary beside its target: root's when we are root, with the entry's mode.
 * Fills @file with the size and the sum of what was written (the copy, not the source) and *ret_inode. With @sync the
 * content is made durable. PackageInvalid when the source changed meanwhile. */
bool copy_entry (const Tree *tree, const TreeEntry *entry, Places *places, const char *temporary, bool sync,
                 WorkerFile *file, uint64_t *ret_inode, GError **error);

/* Writes @from to @to and sums what is written. 0, or a negative errno of writing; a source that does not give @size
 * bytes is -ESTALE, and one that cannot be read is -EBADF. */
int copy_content (int from, int to, uint64_t size, char **ret_sum);

/* Sums all that @fd holds, at most @max_size bytes; sets *ret_size. NULL on a read error or more bytes (errno says). */
char *copy_sum (int fd, uint64_t max_size, uint64_t *ret_size);
