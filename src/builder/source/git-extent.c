/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "git-extent.h"

#include <fcntl.h>

#include "file.h"

#define SCRIPT_MAX (1024 * 1024)

/* What asks for other commits and the tags: git's own words, cmake's and Python's lists of them, and the libraries that
 * read a repository themselves. Extended regular expressions, for GRegex and for `git grep`. */
#define GIT  "(^|[^a-z])git[^a-z]([^|;&]*[^a-z_$-])?"
#define ENDS "([^a-z=-]|$)" /* of a word: #tag=v1 and $_tag ask for nothing */
#define ASKS_BY_NAME                                                                                                   \
  "rev-list|[\"'](describe|shortlog)[\"']|git[-_]describe|setuptools[-_]scm|hatch[-_]vcs|versioningit|versioneer"      \
  "|vergen|shadow[-_]rs|gitpython|pygit2|libgit2|dulwich|vcs_tag|gitversion|getgitrevision|git-version-gen"
#define ASKS_COMMITS GIT "(describe|rev-list|log|shortlog|name-rev|merge-base|show-branch|tag)" ENDS "|" ASKS_BY_NAME

/* What asks for the files of other commits */
#define ASKS_FILES                                                                                                     \
  GIT "(cherry-pick|revert|merge|rebase|pull|fetch|show|diff|blame|bisect|format-patch|worktree|switch|restore|"       \
      "reset|checkout|archive|cherry)" ENDS "|" GIT "(log|rev-list)[^|;&]* (--|-p|-S|-G|--stat|--follow)( |$)"

const char git_extent_words[] = "git|" ASKS_BY_NAME;
const char git_extent_asks_commits[] = ASKS_COMMITS;
const char git_extent_asks_files[] = GIT "(blame|(log|rev-list)[^|;&]* (--|-p|-S|-G|--stat|--follow))( |$)";

static bool
text_asks (const char *text, const char *pattern)
{
  return g_regex_match_simple (pattern, text, G_REGEX_CASELESS | G_REGEX_MULTILINE, 0);
}

/* The recipe and the files beside it, of which each may be a script that it runs. */
static char *
extent_read_recipe (const Builder *builder)
{
  GString *text = g_string_new (NULL);
  g_autofree char *folder = g_build_filename (builder->request->work, "start", NULL);
  g_autoptr (GDir) files = g_dir_open (folder, 0, NULL);
  const char *name;

  while (files && (name = g_dir_read_name (files)))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *content = file_read (path, SCRIPT_MAX, NULL, NULL);

      if (content)
        g_string_append_printf (text, "%s\n", content);
    }
  return g_string_free (text, FALSE);
}

GitExtent
git_extent_of_recipe (const Builder *builder, const Source *source, bool alone)
{
  bool tag = g_strcmp0 (source->ref_kind, "tag") == 0;
  g_autofree char *text = NULL;

  if (!tag && !source_is_fixed (source))
    return EXTENT_ALL;
  text = extent_read_recipe (builder);
  if (text_asks (text, ASKS_FILES) || (!alone && text_asks (text, "(^|[^a-z])submodule([^a-z]|$)")))
    return EXTENT_ALL;
  return recipe_has_function (builder->recipe, "pkgver") || text_asks (text, ASKS_COMMITS) ? EXTENT_COMMITS :
                                                                                             EXTENT_COMMIT;
}
