/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Unpacks the tree (tar, by zstd) that @from holds into the folder @to, and adds to @list what it was, as the commit
 * reads it (package-list.h). Files, folders and links alone, with no bit that a package may not have, none outside of
 * the folder or through a link; at most @size bytes and @files entries. Failed says what is wrong. */
bool unpack_tree (int from, int to, uint64_t size, unsigned files, GString *list, GError **error);
