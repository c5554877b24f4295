/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* How far a transfer is, told on standard error a few times a second. */
typedef struct
{
  int64_t next; /* monotonic */
} TransferProgress;

void transfer_progress_tell (TransferProgress *progress, uint64_t done, uint64_t whole);
