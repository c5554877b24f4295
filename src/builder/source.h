/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum
{
  SOURCE_LOCAL,    /* a file beside the PKGBUILD */
  SOURCE_DOWNLOAD, /* http, https */
  SOURCE_GIT,      /* git+http, git+https, git+file */
} SourceKind;

/* One element of a recipe's source array: `[NAME::]URL` or the name of a local file (PKGBUILD(5), "source"). */
typedef struct
{
  SourceKind kind;
  char *name;     /* the file or folder in srcdir */
  char *url;      /* without `git+` and fragment; NULL: local */
  char *ref_kind; /* git: "branch", "tag" or "commit"; NULL: the repository's HEAD */
  char *ref;
} Source;

/* RecipeInvalid, naming the element, for what may not be fetched: other schemes and transports (`ext::`, `git+ssh`),
 * names and URLs that would be options, that leave their folder, or that hold control characters. */
Source *source_parse (const char *text, GError **error);
void source_free (Source *source);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Source, source_free)
