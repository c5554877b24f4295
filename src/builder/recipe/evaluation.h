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
  const char *folder;    /* of a recipe of one's own, where it really lies; else NULL */
  const char *above;     /* a folder above the directory that is shown too, or NULL: recipe_folder_above() */
  const char *above_inside;
  const char *home, *user;
  const char *const *environment; /* NAME, VALUE, …, NULL besides; or NULL */
} Evaluation;

/* The end of what the PKGBUILD and bash printed to standard error, cleaned (log-text.h). */
typedef struct
{
  char *text;
  bool is_reason; /* bash says in it why it did not read on, and nothing is to be added */
} EvaluationSaid;

void evaluation_said_clear (EvaluationSaid *said);

/* What it defines. RecipeInvalid when it is no PKGBUILD, TimedOut or LimitsExceeded when it takes too much. */
Recipe *evaluation_run (const Evaluation *evaluation, EvaluationSaid *ret_said, GError **error);

/* The words of the commands at its top level that name a file which the sandbox does not show; NULL: not known. The
 * recipe is read for it once more. Free with g_strfreev. */
char **evaluation_find_unseen (const Evaluation *evaluation);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EvaluationSaid, evaluation_said_clear)
