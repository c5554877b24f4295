/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FOLDER_WATCH_DEPTH_MAX 256 /* deeper is over every limit */

/* A folder that may not outgrow its limits. */
typedef struct
{
  char *path; /* NULL: none */
  uint64_t max_size, size;
  unsigned max_files, files;
  int64_t next; /* look again then: monotonic, µs */
} FolderWatch;

/* Looks at the folder, which takes no more than a tenth of the time; programs go on meanwhile, so that names may be
 * gone when they are looked at. True when it is over its limits. */
bool folder_watch_is_over (FolderWatch *watch);
