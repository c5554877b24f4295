/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"
#include "file.h"

/* The folder where a build of a person's own leaves its packages' trees. The checkout may be somebody else's, so
 * nothing is written through a link in it, and nothing is replaced but what an earlier build left there. */
typedef struct
{
  const Configuration *configuration; /* its cache remembers what builds left */
  char *path;
  bool named;  /* by the caller: it may be anybody's, so nothing in it is replaced */
  Fd base;     /* open before the recipe is read, so that it stays the folder that was meant */
  char *below; /* where the folder lies in it */
} Delivery;

/* pkg beside the PKGBUILD in @recipe (a descriptor of @recipe_path), or the folder @output. Makes nothing yet.
 * InvalidArgument: a link is in the way. */
bool delivery_init (Delivery *delivery, const Configuration *configuration, int recipe, const char *recipe_path,
                    const char *output, GError **error);
void delivery_clear (Delivery *delivery);

/* Whether a tree may be put there under @name. Said before the build, not after it. */
bool delivery_check (const Delivery *delivery, const char *name, GError **error);

/* Puts the tree @from (below @work) there under @name, in the place of what an earlier build left. */
bool delivery_put (const Delivery *delivery, int work, const char *from, const char *name, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Delivery, delivery_clear)
