/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "git-run.h"

/* What git says of a mirror and of what the recipe names in it (git-look.bash, which see). */
struct GitLook
{
  char *object;     /* NULL: there is no such commit, and nothing else either */
  char *commit;     /* its hash */
  char *tag;        /* what the tag calls itself; NULL: it does not, or is none */
  bool damaged;     /* objects are not what their names say */
  char *complaint;  /* what git says of that */
  int64_t files;    /* of the commit; -1: git cannot list them */
  GitExtent extent; /* what its files ask for when they are built: looked for when one commit was fetched */
  char *pointers;   /* files by Git LFS, "a, b, c and 7 more"; NULL: none */
};

void git_look_free (GitLook *look);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GitLook, git_look_free)

/* Looks, unless git->look is there: it is until the mirror changes. */
bool git_look (Git *git, GError **error);

/* Of what the script printed; a line that is not one of its own is passed over, since git reads what somebody else
 * made. Not a hash where one should be: NULL. */
GitLook *git_look_parse (const char *text);

/* "a, b, c and 7 more" of @count names, of which the first few are in @names. */
char *git_look_describe (char *const *names, unsigned count);
