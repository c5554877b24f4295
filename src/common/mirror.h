/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "configuration-text.h"

/* A section [Mirror NAME] of hive.conf: where this site has what sources name elsewhere. */
typedef struct
{
  char *name;
  char *prefix; /* Prefix=: how addresses begin that it has */
  char *url;    /* URL=: what stands there instead */
} Mirror;

#define MIRROR_SECTION "Mirror " /* how its sections begin */

bool mirror_has_key (const char *key);

/* Reads the section @group whose keys are known ones. InvalidArgument names file, line, section and key. */
Mirror *mirror_read (const ConfigurationText *said, const char *group, GError **error);
void mirror_free (Mirror *mirror);

/* The address at which a site that has @mirrors (of Mirror) finds @url: by the longest prefix. NULL: at its own. */
char *mirrors_rewrite (GPtrArray *mirrors, const char *url);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Mirror, mirror_free)
