/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"
#include "location.h"
#include "source.h"

/* Runs of git, each in a sandbox of its own: no hooks, no configuration but the hive's gitconfig, no credentials. */

#define GIT_INSIDE_SRC    "/tmp/src"
#define GIT_INSIDE_MIRROR "/tmp/mirror"
#define GIT_INSIDE_STORED "/tmp/stored"

/* What one run of git may reach, besides the mirror. */
typedef enum
{
  REACH_NOTHING = 0,
  REACH_MIRROR = 1 << 0, /* to write it */
  REACH_SERVER = 1 << 1,
  REACH_STORED = 1 << 2, /* the cache's own mirror */
  REACH_SRC = 1 << 3,
  REACH_ELSEWHERE = 1 << 4, /* servers that the server names */
} Reach;

typedef struct GitLook GitLook;

typedef struct
{
  Builder *builder;
  const Source *source;
  GitExtent extent;
  GitLook *look; /* NULL: the mirror was not looked at, or has changed since */
  char *key;
  Location location;
  bool fetched; /* something came from the server */
  bool hashed;  /* nothing came from elsewhere: git has made the objects' names from what they are */
} Git;

void git_init (Git *git, Builder *builder, const Source *source, GitExtent extent);
void git_set_extent (Git *git, GitExtent extent); /* another mirror of it */
void git_clear (Git *git);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Git, git_clear)

/* What the source's fragment names, in the mirror. */
char *git_revision (const Source *source);

/* The mirror changes: what was seen of it counts no more. */
void git_forget_look (Git *git);

/* Finds out where the server is, once: asked for only where one is needed. */
bool git_find_server (Git *git, GError **error);

/* True for a mirror that the cache is to have when the job has ended: not of a repository on this machine, nor of one
 * that takes a password. The others are no entry of it even when a builder is killed. */
bool git_is_kept (const Git *git);

/* Makes the mirror's folder, empty; takes it away. */
bool git_make_mirror (const Git *git, GError **error);
bool git_drop_mirror (Git *git, GError **error);
char *git_mirror_path (const Git *git);

/* Runs git. @ret_status is its exit status; @ret_said, what it complained of. */
bool git_run (const Git *git, Reach reach, const char *const *arguments, int *ret_status, char **ret_said,
              GError **error);

/* The same, where it must end well: otherwise SourceUnavailable says what cannot be done, "cloned", and what git
 * complained of. What a server is asked for is tried a few times when the connection broke off. */
bool git_must (const Git *git, Reach reach, const char *const *arguments, const char *what, GError **error);

/* What git prints; NULL without @error when it ends badly. @ret_said, if it isn't NULL, as git_run(). */
char *git_ask (const Git *git, Reach reach, const char *const *arguments, char **ret_said, GError **error);

/* The archive that git makes of the mirror: a descriptor of at most @max_size bytes and a few more; -1 and
 * LimitsExceeded, or SourceUnavailable when it ends badly. */
int git_run_to_file (const Git *git, const char *const *arguments, uint64_t max_size, GError **error);
