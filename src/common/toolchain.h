/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "configuration-text.h"

/* A section [Toolchain NAME] of hive.conf: compilers and interpreters that lie where recipes see nothing by themselves.
 */
typedef struct
{
  char *name;
  char **paths;       /* Path=: folders that a sandbox is to have, read-only */
  char **bins;        /* Bin=: which of these go to the front of PATH */
  char **environment; /* Environment=: "NAME=VALUE" each */
  bool any_owner;     /* Owner=root: or any, and then also folders that are not root's */
} Toolchain;

#define TOOLCHAIN_SECTION "Toolchain " /* how its sections begin */

/* Reads the section @group, whose keys are known ones. InvalidArgument names file, line, section and key. */
Toolchain *toolchain_read (const ConfigurationText *said, const char *group, GError **error);
void toolchain_free (Toolchain *toolchain);

/* Whether such a section has the key @key. */
bool toolchain_has_key (const char *key);

/* Whether @path is below @folder, or it. */
bool toolchain_is_below (const char *path, const char *folder);

/* Whether @path and all folders above it are root's or @uid's: whoever else owns one can put something else in its
 * place.
 */
bool toolchain_is_owned_by (const char *path, uid_t uid);

/* Why a folder cannot be a toolchain's, or NULL: one that is everybody's, the system's or a home as a whole. */
const char *toolchain_path_obstacle (const char *path);

/* A PATH with the Bin= of @toolchains (of Toolchain) before @rest. */
char *toolchains_search_path (GPtrArray *toolchains, const char *rest);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Toolchain, toolchain_free)
