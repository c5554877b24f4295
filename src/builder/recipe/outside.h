/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib/gi18n.h>

#include "evaluation.h"

/* Says what a PKGBUILD asked of its surroundings while it was read and did not get, so that its fields may lack
 * something. */

/* It asked the network: what that means and what to do, as a sentence. */
#define OUTSIDE_NETWORK                                                                                                \
  N_ ("The PKGBUILD asks the network at its top level, and recipes are read without one: write the value down, or "    \
      "fetch it in prepare() or pkgver()")

/* A sentence of each file that it named and that its sandbox does not show, so far as bash says so in @said. Of a
 * recipe of one's own each that this machine has: it is read once more for that. Free with g_ptr_array_unref. */
GPtrArray *outside_files (const Evaluation *evaluation, const char *said);
