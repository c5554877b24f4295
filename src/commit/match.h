/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "places.h"
#include "worker-record.h"

/* How an installed file compares with its record. */
typedef enum
{
  MATCH_SAME,
  MATCH_CHANGED, /* type, size, content, mode or target */
  MATCH_MISSING,
  MATCH_UNREADABLE,
} Match;

/* Sets *ret_inode (may be NULL) for MATCH_SAME. */
Match match_file (Places *places, const WorkerFile *file, uint64_t *ret_inode);
