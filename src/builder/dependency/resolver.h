/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"
#include "distribution.h"

/* Whether this machine has what recipes depend on, seen from inside the sandbox: by pacman's database where the names
 * are its own, else by dependencies.conf, else as a command, a pkg-config module or a library of that name. */
typedef struct Resolver Resolver;

typedef enum
{
  DEPENDENCY_UNKNOWN, /* nobody knows how to look for it here, or how to read its version */
  DEPENDENCY_MISSING, /* also when it is there in another version */
  DEPENDENCY_PRESENT,
} DependencyState;

typedef struct
{
  DependencyState state;
  char *version; /* what is here, where it was read: where one is wanted; NULL: not */
  char *where;   /* a file, or pacman's package; NULL unless it is here */
} Resolution;

/* For this machine. Failed when dependencies.conf cannot be used. */
Resolver *resolver_new (const Configuration *configuration, GError **error);

/* As if it were one of @distribution, with pacman's local database in @pacman (NULL: none). */
Resolver *resolver_new_on (const Configuration *configuration, Distribution distribution, const char *pacman,
                           GError **error);
void resolver_free (Resolver *resolver);

/* Adds what to look for, as PKGBUILDs write it; what was added before is looked for once. RecipeInvalid when one of
 * @names is not a dependency, and then none of them is added. */
bool resolver_add (Resolver *resolver, char *const *names, GError **error);

/* The same for what is only to run: libraries are enough, without what is needed to build with them. The last of the
 * two counts for a name that is added by both. */
bool resolver_add_to_run (Resolver *resolver, char *const *names, GError **error);

/* Looks for all of it in one sandbox. SandboxUnavailable, TimedOut, Failed. */
bool resolver_run (Resolver *resolver, GError **error);

/* What became of one that was added; before resolver_run() all are unknown. */
const Resolution *resolver_find (const Resolver *resolver, const char *name);

/* Those of some lists, which end in NULL, that are in @state, each once; and pkgconf, where it is missing, behind
 * modules that are. */
char **resolver_names (const Resolver *resolver, DependencyState state, char **const *lists);

/* The packages that bring what is missing of @names here, as far as that is known, each once. */
char **resolver_packages (const Resolver *resolver, char *const *names);

/* What a person types to install those: "sudo apt install nvidia-cuda-toolkit"; NULL when there are none. */
char *resolver_install_command (const Resolver *resolver, char *const *names);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Resolver, resolver_free)
