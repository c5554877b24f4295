/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "configuration.h"
#include "dependency.h"
#include "distribution.h"

/* dependencies.conf: how to see that a machine has what Arch's name of a dependency stands for, and which packages
 * bring it. The file explains its format. */
typedef struct DependencyRules DependencyRules;

typedef struct
{
  char ***alternatives; /* each a list of probes (see probe.bash) that must all be there */
  char ***run;          /* the same for what was built elsewhere and is only to run here */
  char *version;        /* the command that prints the version; NULL: the usual way of what was found */
  GRegex *pattern;      /* its first group is the version; NULL: the first number */
  bool guessed;         /* nobody says that this is how to look for it */
} DependencyRule;

/* Failed, naming the file and what is wrong in it. */
DependencyRules *dependency_rules_load (const char *path, GError **error);
void dependency_rules_free (DependencyRules *rules);

/* The rule for it. Without one in the file, a library is looked for as such, and anything else as a command, a
 * pkg-config module, a library or, for python-NAME, a Python module of that name. Owned by @rules. */
const DependencyRule *dependency_rules_find (DependencyRules *rules, const Dependency *dependency);

/* The packages that bring it there; empty when it isn't known which, or there are none. */
char **dependency_rules_packages (const DependencyRules *rules, const char *name, Distribution distribution);

/* What a person types on this machine to install what brings @names, which the hive itself needs; NULL: nobody knows.
 */
char *dependency_rules_command_here (const Configuration *configuration, const char *const *names);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DependencyRules, dependency_rules_free)
