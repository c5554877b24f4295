/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How hivectl ends. --help lists them for people. */
typedef enum
{
  EXIT_STATUS_OK = 0,
  EXIT_STATUS_FAILED = 1,        /* a job, or what was asked for */
  EXIT_STATUS_USAGE = 2,         /* a wrong option or argument */
  EXIT_STATUS_NOT_FOUND = 3,     /* no such worker or job */
  EXIT_STATUS_REFUSED = 4,       /* not allowed, or not now */
  EXIT_STATUS_NO_HIVE = 5,       /* nobody answers */
  EXIT_STATUS_CANCELLED = 6,     /* the job was */
  EXIT_STATUS_DAMAGED = 7,       /* verify found something */
  EXIT_STATUS_INTERRUPTED = 130, /* Ctrl-C: what was followed runs on */
} ExitStatus;
