/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "git-lfs.h"

#include <string.h>

#include "git-look.h"
#include "step.h"

#define HTTP_END "/info/lfs"

/* Where git-lfs looks by itself, whatever the repository's .lfsconfig says. */
static char *
lfs_setting (const Location *location)
{
  size_t length = strlen (location->url);

  while (length > 0 && location->url[length - 1] == '/')
    length--;
  if (location->folder)
    return g_strdup_printf ("lfs.url=%.*s", (int)length, location->url);
  return g_strdup_printf ("lfs.url=%.*s%s" HTTP_END, (int)length, location->url,
                          length > 4 && strncmp (location->url + length - 4, ".git", 4) == 0 ? "" : ".git");
}

static bool
lfs_pull (const Git *git, GError **error)
{
  const char *name = git->source->name;
  g_autofree char *setting = lfs_setting (&git->location);
  const char *install[] = { "git", "-C", name, "lfs", "install", "--local", "--skip-repo", NULL };
  /* By itself it asks a dead storage again eight times, 36 s without a word. Five times take 8 s, as for other sources.
   */
  const char *pull[] = { "git", "-C", name, "-c", setting, "-c", "lfs.transfer.maxretries=5", "lfs", "pull", NULL };
  const char *left[] = { "git", "-C", name, "grep", "-l", "-E", "-e", GIT_LFS_POINTER, NULL };
  g_autofree char *list = NULL;
  g_auto (GStrv) names = NULL;
  g_autofree char *told = NULL;

  if (!git_must (git, REACH_SRC, install, "prepared for Git LFS", error) ||
      !git_must (git, REACH_SRC | REACH_SERVER | REACH_ELSEWHERE, pull, "given its files of Git LFS", error))
    return false;
  list = git_ask (git, REACH_SRC, left, NULL, error);
  if (!list)
    return !*error;
  names = g_strsplit (g_strchomp (list), "\n", -1);
  told = git_look_describe (names, g_strv_length (names));
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE,
               "The source %s has pointers in place of files of Git LFS: git-lfs left out %s", name, told);
  return false;
}

bool
git_lfs_fetch (Git *git, const char *pointers, GError **error)
{
  const char *version[] = { "git", "lfs", "version", NULL };
  int status;

  if (!pointers)
    return true;
  log_writer_note (git->builder->log, "sources", "⬇ Files of %s by Git LFS: %s", git->source->name, pointers);
  if (!git_run (git, REACH_NOTHING, version, &status, NULL, error))
    return false;
  if (status != 0)
    return step_missing_program (git->builder, "git-lfs", error);
  return git_find_server (git, error) && lfs_pull (git, error);
}
