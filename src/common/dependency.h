/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A dependency as a PKGBUILD writes it, in Arch's names: "gcc", "cmake>=3.20", "foo<1:2.3-4", "libfoo.so",
 * "libfoo.so=1-64", and, in optdepends, "cuda: for GPUs". */

typedef enum
{
  DEPENDENCY_ANY, /* no version is wanted */
  DEPENDENCY_EQUAL,
  DEPENDENCY_AT_LEAST,
  DEPENDENCY_AT_MOST,
  DEPENDENCY_NEWER,
  DEPENDENCY_OLDER,
} DependencyRelation;

typedef struct
{
  char *text; /* without the reason: "cmake>=3.20" */
  char *name;
  DependencyRelation relation;
  char *version; /* NULL with DEPENDENCY_ANY; of a library "1-64": libfoo.so.1, of 64 bits */
  char *reason;  /* of an optional one; NULL: none given */
} Dependency;

/* RecipeInvalid, naming what is wrong, when it is none: a name has letters, digits and @ . _ + - and begins with
 * neither
 * - nor . (a library may have "lib:" before it), a version no white space and no slash. An empty
 * version, as in "foo=", wants none. */
Dependency *dependency_parse (const char *text, GError **error);
void dependency_free (Dependency *dependency);

/* Whether a @version that is there, [epoch:]version[-release], is one that is wanted, by pacman's rules. */
bool dependency_is_met_by (const Dependency *dependency, const char *version);

/* True for the name of a library: "libfoo.so", "libfoo.so.1" or "lib:libfoo.so.1". */
bool dependency_is_library (const Dependency *dependency);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Dependency, dependency_free)
