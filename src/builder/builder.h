/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "catalog-entry.h"
#include "configuration.h"
#include "error.h"
#include "log-writer.h"
#include "recipe.h"
#include "request.h"

/* One job as the phases see it. Each phase reads what earlier ones left here, adds its own, and either succeeds or sets an error of our
 * domain; whoever runs the phases writes the `error` record, so a phase writes only notes. */
typedef struct
{
  const Configuration *configuration;
  const Request *request; /* what the daemon asked for (job, worker id, options, work directory) */
  LogWriter *log;
  int work_fd; /* the job's work directory; src/ pkg/ start/ below it */

  CatalogEntry *entry;  /* metadata */
  char *recipe_url;     /* pkgbuild: where the PKGBUILD came from; local sources lie beside it */
  char *recipe_sha256;  /* pkgbuild */
  Recipe *recipe;       /* parse */
  char *version;        /* parse, pkgver: [epoch:]pkgver-pkgrel */
} Builder;

/* A phase of the pipeline, in the order of job.c's table. */
bool metadata_run (Builder *builder, GError **error);     /* builder-fetch */
bool platform_run (Builder *builder, GError **error);     /* builder-core */
bool pkgbuild_run (Builder *builder, GError **error);     /* builder-fetch: writes start/PKGBUILD */
bool parse_run (Builder *builder, GError **error);        /* builder-core */
bool dependencies_run (Builder *builder, GError **error); /* builder-core */
bool sources_run (Builder *builder, GError **error);      /* builder-fetch: local sources to start/, links or clones and extracted archives to src/ */
bool prepare_run (Builder *builder, GError **error);
bool pkgver_run (Builder *builder, GError **error);
bool build_run (Builder *builder, GError **error);
bool check_run (Builder *builder, GError **error);
bool package_run (Builder *builder, GError **error);
