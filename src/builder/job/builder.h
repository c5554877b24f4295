/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cargo-sources.h"
#include "catalog-search.h"
#include "configuration.h"
#include "error.h"
#include "job-request.h"
#include "log-writer.h"
#include "recipe.h"
#include "sandbox.h"

/* One job as the phases see it. Each phase reads what earlier ones left here, adds its own, and either succeeds or sets
 * an error of our domain; whoever runs the phases writes the `error` record, so a phase writes only notes. */
typedef struct
{
  const Configuration *configuration;
  const JobRequest *request;
  LogWriter *log;
  const char *phase; /* the one that runs */
  int64_t started;   /* seconds since the epoch, for SOURCE_DATE_EPOCH */
  int work_fd;       /* the job's work directory; src/ pkg/ home/ start/ below it */

  CatalogEntry *entry; /* metadata */
  Machine *machine;
  CatalogSearch *search;
  Catalog *catalog;            /* of @search: where the entry is from */
  char *source;                /* "binary" or "git" */
  char *recipe_url;            /* pkgbuild: where the PKGBUILD came from; local sources lie beside it */
  char *recipe_sha256;         /* pkgbuild */
  Recipe *recipe;              /* parse; pkgver changes its version */
  bool ready;                  /* store: a ready build lies in pkg/ */
  char *ready_cpu;             /* for which processors that was built */
  bool installed;              /* parse: just this is installed already */
  JsonArray *resolved;         /* sources: what each was (build-record.h); NULL: none */
  char *tool_cache;            /* prepare: the key of the copy; NULL: none was taken */
  CargoSources *cargo_sources; /* build; NULL: there are none, or too many */

  NetworkHolder *network; /* parse: of the recipe's functions, being made; NULL: each makes its own */

  char *folder;             /* of a recipe of one's own, that it lies in; else NULL */
  char *above;              /* recipe_folder_above() of it, or NULL */
  char *below;              /* it, from there */
  bool above_is_repository; /* else what has a network does not see it */

  const char *own_folder; /* a repository on this machine must lie in it; NULL: anywhere */
  bool apart;             /* each package is left in pkg/NAME, and nothing is installed */
  bool reproducible;      /* @started was given: sources have that time too */
} Builder;

/* A phase of the pipeline, in the order of job.c's table, each in the file of its name. */
bool metadata_run (Builder *builder, GError **error);
bool platform_run (Builder *builder, GError **error);
bool pkgbuild_run (Builder *builder, GError **error); /* makes the work directory's folders and start/PKGBUILD */
bool parse_run (Builder *builder, GError **error);
bool dependencies_run (Builder *builder, GError **error);
bool store_run (Builder *builder, GError **error); /* a ready build, or what is missing to build it */
bool sources_run (Builder *builder,
                  GError **error); /* files to start/ and links in src/; clones and archives in src/ */
bool prepare_run (Builder *builder, GError **error);
bool pkgver_run (Builder *builder, GError **error);
bool build_run (Builder *builder, GError **error);
bool check_run (Builder *builder, GError **error);
bool package_run (Builder *builder, GError **error); /* pkg/ and list, which the commit reads */

/* What dependencies_run() left out where a store is asked first: what it takes to build. */
bool dependencies_run_build (Builder *builder, GError **error);

/* What pkgbuild_run() does with the text that it got. */
bool pkgbuild_take (Builder *builder, const char *text, GError **error);

/* Reads start/PKGBUILD as it is now, in a sandbox; RecipeInvalid. */
Recipe *parse_recipe (Builder *builder, GError **error);
