/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"
#include "worker-record.h"

/* Writes what is installed of @record as a tree (tar, by zstd) to @fd. Failed names a file that is not as its record
 * says: each is summed while it is read. */
bool pack_tree (const Configuration *configuration, const WorkerRecord *record, int fd, GError **error);
