/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"
#include "recipe.h"

/* How a PKGBUILD is read: by bash, in a sandbox of its own without a network. */
typedef struct
{
  const Configuration *configuration;
  const char *directory; /* that holds it; inside is a copy */
  const char *name;      /* "PKGBUILD" */
  const char *inside;    /* the directory's path in the sandbox: startdir */
  const char *home, *user;
  const char *const *environment; /* NAME, VALUE, …, NULL besides; or NULL */
} Evaluation;

/* What it defines. RecipeInvalid when it is no PKGBUILD, TimedOut or LimitsExceeded when it takes too much. @ret_said
 * is the end of what it and bash printed to standard error, cleaned (log-text.h); free with g_free. */
Recipe *evaluation_run (const Evaluation *evaluation, char **ret_said, GError **error);
