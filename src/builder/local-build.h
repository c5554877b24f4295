/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"
#include "log-writer.h"

/* A PKGBUILD built by its author: as the caller, with the caller's cache, and nothing is installed. */
typedef struct
{
  const char *file;    /* the PKGBUILD; local sources lie beside it */
  const char *output;  /* where the packages' trees go, each with its name; NULL: pkg beside the file */
  const char *network; /* as of a request */
  bool check;
  bool local_sources; /* sources may lie anywhere on this machine and at private addresses */
} LocalBuild;

/* Writes a whole log to @log, its `result` ({"version","packages":[{"name","path"}…]}) and its `end` included. Nothing
 * is left but the trees and what the cache keeps. Returns an exit status of job.h. @configuration gets the caller's
 * CacheDirectory. */
int local_build_run (const LocalBuild *build, Configuration *configuration, LogWriter *log);
