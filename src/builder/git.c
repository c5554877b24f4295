/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "git.h"

#include "catalog.h"
#include "fetch.h"
#include "sandbox.h"
#include "step.h"

#include <string.h>

#define INSIDE_SRC        "/tmp/src"
#define INSIDE_REPOSITORY "/tmp/repository"
#define CLONE_URL         "file://" INSIDE_REPOSITORY

static bool
git_is_local (const Source *source)
{
  return g_str_has_prefix (source->url, "file://");
}

/* A sandbox for one run of git, which writes to src/ and nowhere else. */
static Sandbox *
git_sandbox (Builder *builder, const Source *source)
{
  const Configuration *configuration = builder->configuration;
  Sandbox *sandbox = sandbox_new (configuration);
  g_autofree char *config = step_script ("gitconfig");
  g_autofree char *src = g_build_filename (builder->request->work, "src", NULL);
  g_autofree char *repository = git_is_local (source) ? g_filename_from_uri (source->url, NULL, NULL) : NULL;

  step_bind_scripts (configuration, sandbox);
  sandbox_bind (sandbox, src, INSIDE_SRC);
  sandbox_chdir (sandbox, INSIDE_SRC);
  sandbox_setenv (sandbox, "HOME", "/tmp");
  sandbox_setenv (sandbox, "GIT_CONFIG_NOSYSTEM", "1");
  sandbox_setenv (sandbox, "GIT_CONFIG_GLOBAL", config);
  sandbox_setenv (sandbox, "GIT_TERMINAL_PROMPT", "0");
  sandbox_set_timeout (sandbox, configuration->download_timeout);
  if (repository)
    sandbox_bind_read_only (sandbox, repository, INSIDE_REPOSITORY);
  else
    fetch_allow_network (sandbox);
  return sandbox;
}

/* The last line of what git said: its "fatal: …". */
static char *
git_last_words (Sandbox *sandbox)
{
  const char *said = sandbox_diagnostics (sandbox);
  const char *last = strrchr (said, '\n');

  return g_strdup (last ? last + 1 : *said ? said : "git said nothing");
}

/* Runs git; @ret_status is its exit status and @ret_said, when it is not 0, its last words. */
static bool
git_run (Builder *builder, const Source *source, const char *const *arguments, int *ret_status, char **ret_said,
         GError **error)
{
  g_autoptr (Sandbox) sandbox = git_sandbox (builder, source);

  if (!sandbox_run (sandbox, arguments, ret_status, error))
    return step_explain (error, "Fetching a git source", "DownloadTimeout=");
  if (*ret_status == 127)
    return step_missing_program (builder, "git", error);
  if (*ret_status != 0 && ret_said)
    *ret_said = git_last_words (sandbox);
  return true;
}

static bool
git_clone (Builder *builder, const Source *source, GError **error)
{
  const char *arguments[] = { "git",           "clone", "--quiet",
                              "--no-checkout", "--",    git_is_local (source) ? CLONE_URL : source->url,
                              source->name,    NULL };
  g_autofree char *shown = fetch_redact (source->url);
  g_autofree char *said = NULL;
  int status;

  if (!git_run (builder, source, arguments, &status, &said, error))
    return false;
  if (status == 0)
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "The git repository %s can't be cloned: %.400s", shown,
               said);
  return false;
}

/* What the fragment names, in the clone. */
static char *
git_revision (const Source *source)
{
  if (!source->ref)
    return g_strdup ("HEAD");
  if (g_str_equal (source->ref_kind, "tag"))
    return g_strconcat ("refs/tags/", source->ref, NULL);
  if (g_str_equal (source->ref_kind, "branch"))
    return g_strconcat ("refs/remotes/origin/", source->ref, NULL);
  return g_strdup (source->ref);
}

static bool
git_checkout (Builder *builder, const Source *source, GError **error)
{
  g_autofree char *revision = git_revision (source);
  g_autofree char *commit = g_strconcat (revision, "^{commit}", NULL);
  g_autofree char *shown = fetch_redact (source->url);
  g_autofree char *said = NULL;
  const char *verify[] = { "git", "-C", source->name, "rev-parse", "--verify", "--quiet", commit, NULL };
  /* A branch of its own, as makepkg makes one. */
  const char *checkout[] = { "git",        "-C", source->name, "checkout", "--quiet", "--force",
                             "--no-track", "-B", "makepkg",    commit,     "--",      NULL };
  int status;

  if (!git_run (builder, source, verify, &status, NULL, error))
    return false;
  if (status != 0)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "The git repository %s has no %s %s", shown,
                   source->ref ? source->ref_kind : "commit at", source->ref ? source->ref : "its HEAD");
      return false;
    }
  if (!git_run (builder, source, checkout, &status, &said, error))
    return false;
  if (status != 0)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "%s of %s can't be checked out: %.400s", revision,
                 shown, said);
  return status == 0;
}

/* The clone names its repository as the recipe does, not as the sandbox saw it. */
static bool
git_name_origin (Builder *builder, const Source *source, GError **error)
{
  g_autofree char *shown = fetch_redact (source->url);
  const char *arguments[] = { "git", "-C", source->name, "remote", "set-url", "origin", shown, NULL };
  int status;

  if (!git_is_local (source) && g_str_equal (shown, source->url))
    return true; /* it does already */
  return git_run (builder, source, arguments, &status, NULL, error);
}

bool
git_fetch (Builder *builder, const Source *source, GError **error)
{
  if (git_is_local (source) && !catalog_configuration_is_local (builder->catalog->own))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                   "The source %s is a repository on this machine, which only a catalog on this machine may name",
                   source->url);
      return false;
    }
  if (git_is_local (source))
    {
      g_autofree char *path = g_filename_from_uri (source->url, NULL, NULL);

      if (!path || !g_file_test (path, G_FILE_TEST_IS_DIR))
        {
          g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE,
                       "There is no git repository at %s that the job's user can read", source->url);
          return false;
        }
    }
  return git_clone (builder, source, error) && git_checkout (builder, source, error) &&
         git_name_origin (builder, source, error);
}
