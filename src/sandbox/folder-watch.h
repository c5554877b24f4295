/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define FOLDER_WATCH_DEPTH_MAX 256 /* deeper is over every limit */
#define FOLDER_WATCH_INTERVAL  (G_USEC_PER_SEC / 5)

/* A folder that must not outgrow its limits. */
typedef struct
{
  char *path; /* NULL: none */
  uint64_t max_size, size;
  unsigned max_files, files;
  bool whole;         /* the work tree, whose depth has no limit: what lies very deep is not counted */
  uint64_t keep_free; /* of its file system */
  int64_t next;       /* look again then: monotonic, µs */
  int64_t next_space;
} FolderWatch;

/* Looks at the folder, which takes no more than a tenth of the time; programs go on meanwhile, so that names may be
 * gone when they are looked at. True when it is over its limits. */
bool folder_watch_is_over (FolderWatch *watch);

/* Looks at its file system alone, which costs nothing. True when less is left there than is to be kept free. */
bool folder_watch_is_short (FolderWatch *watch);
