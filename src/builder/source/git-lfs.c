/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "git-lfs.h"

#include <string.h>

#include "step.h"

#define POINTER  "^version https://git-lfs\\.github\\.com/spec/v[0-9]+$"
#define SHOWN    3 /* names in a message */
#define HTTP_END "/info/lfs"

/* The names, "a, b, c and 7 more" of @list, a line each; NULL when there is none. */
static char *
pointers_describe (const char *list)
{
  g_auto (GStrv) lines = g_strsplit (list, "\n", -1);
  g_autoptr (GString) text = g_string_new (NULL);
  unsigned count = 0;

  for (char **line = lines; *line; line++)
    {
      const char *name = strchr (*line, ':') ? strchr (*line, ':') + 1 : *line; /* after the revision */

      if (!**line)
        continue;
      if (count++ < SHOWN)
        g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", name);
    }
  if (count > SHOWN)
    g_string_append_printf (text, " and %u more", count - SHOWN);
  return count > 0 ? g_strdup (text->str) : NULL;
}

/* What of @revision is by LFS: most repositories say at once that nothing is. */
static char *
pointers_of_revision (const Git *git, const char *revision, GError **error)
{
  const char *attributes[] = { "git",    "-C", GIT_INSIDE_MIRROR,          "grep", "-q", "-e", "filter=lfs",
                               revision, "--", ":(glob)**/.gitattributes", NULL };
  const char *pointers[] = { "git", "-C", GIT_INSIDE_MIRROR, "grep", "-l", "-E", "-e", POINTER, revision, NULL };
  g_autofree char *list = NULL;
  int status;

  if (!git_run (git, REACH_NOTHING, attributes, &status, NULL, error) || status != 0)
    return NULL;
  list = git_ask (git, REACH_NOTHING, pointers, error);
  return list ? pointers_describe (list) : NULL;
}

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
  const char *pull[] = { "git", "-C", name, "-c", setting, "lfs", "pull", NULL };
  const char *left[] = { "git", "-C", name, "grep", "-l", "-E", "-e", POINTER, NULL };
  g_autofree char *list = NULL;
  g_autofree char *names = NULL;

  if (!git_must (git, REACH_SRC, install, "prepared for Git LFS", error) ||
      !git_must (git, REACH_SRC | REACH_SERVER | REACH_ELSEWHERE, pull, "given its files of Git LFS", error))
    return false;
  list = git_ask (git, REACH_SRC, left, error);
  names = list ? pointers_describe (list) : NULL;
  if (names)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE,
                 "The source %s has pointers in place of files of Git LFS: git-lfs left out %s", name, names);
  return !names && !*error;
}

bool
git_lfs_fetch (Git *git, const char *revision, GError **error)
{
  const char *version[] = { "git", "lfs", "version", NULL };
  g_autofree char *names = pointers_of_revision (git, revision, error);
  int status;

  if (!names)
    return !*error;
  log_writer_note (git->builder->log, "sources", "⬇ Files of %s by Git LFS: %s", git->source->name, names);
  if (!git_run (git, REACH_NOTHING, version, &status, NULL, error))
    return false;
  if (status != 0)
    return step_missing_program (git->builder, "git-lfs", error);
  return git_find_server (git, error) && lfs_pull (git, error);
}
