/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum
{
  SOURCE_LOCAL,    /* a file beside the PKGBUILD */
  SOURCE_DOWNLOAD, /* http, https, ftp */
  SOURCE_GIT,      /* git+http, git+https, git, git+file */
  SOURCE_SVN,      /* svn, svn+http, svn+https, svn+file */
  SOURCE_HG,       /* hg+http, hg+https, hg+file */
} SourceKind;

/* How much of a git repository a mirror has. */
typedef enum
{
  EXTENT_COMMIT,  /* one commit, whose tag or hash the source names, and its files */
  EXTENT_COMMITS, /* and what was before it and the tags, without the files of other commits where the server can */
  EXTENT_ALL,
} GitExtent;

/* One element of a recipe's source array: `[NAME::]URL` or the name of a local file (PKGBUILD(5), "source"). */
typedef struct
{
  SourceKind kind;
  char *name;   /* the file or folder in srcdir, as makepkg calls it */
  char *url;    /* without `git+`, query and fragment; NULL: local */
  char *mirror; /* where the site has that; NULL: nowhere */
  char *
      ref_kind; /* git: branch, tag, commit; svn: revision; hg: branch, tag, revision; NULL: what the repository says */
  char *ref;
  bool is_signed; /* git: ?signed */
} Source;

/* RecipeInvalid, naming the element, for what may not be fetched: other schemes and transports (`ext::`, `git+ssh`),
 * names and URLs that would be options, that leave their folder, or that hold control characters. */
Source *source_parse (const char *text, GError **error);
void source_free (Source *source);

/* Where it is fetched from. */
const char *source_address (const Source *source);

/* True for a repository, which is a folder in srcdir. */
bool source_is_repository (const Source *source);

/* True for a repository on this machine, `git+file` and the like. */
bool source_is_local_repository (const Source *source);

/* True for a detached signature of another source, `.sig`, `.sign` or `.asc`. */
bool source_is_signature (const Source *source);

/* True when it names a git commit by its whole hash: what that stands for never changes. */
bool source_is_fixed (const Source *source);

/* True when the URL has a user's name or password: what it gives is not for everybody on this machine. */
bool source_is_private (const Source *source);

/* "git, tag v1.0": what it is, for the log. */
char *source_describe (const Source *source);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Source, source_free)
