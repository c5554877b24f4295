/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "git-run.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "attempt.h"
#include "cache.h"
#include "complaint.h"
#include "fetch.h"
#include "file.h"
#include "folder.h"
#include "git-look.h"
#include "sandbox-trouble.h"
#include "scripts.h"
#include "step.h"

#define ANSWER_MAX   (64 * 1024) /* a tag or a commit with its signature */
#define MIRROR_FILES 1000000
#define SCRATCH      "scratch" /* in the work directory */
#define MIRRORS      "mirrors" /* likewise: what the cache is not to have */
#define PROBE        "info/refs?service=git-upload-pack"

void
git_forget_look (Git *git)
{
  g_clear_pointer (&git->look, git_look_free);
}

void
git_clear (Git *git)
{
  git_forget_look (git);
  g_free (git->key);
  location_clear (&git->location);
}

/* Mirrors that have not all of a repository are those of one tag or commit, so that none of them is ever asked for what
 * another has. */
void
git_set_extent (Git *git, GitExtent extent)
{
  static const char *const prefixes[] = { "git-commit", "git-commits", "git" };
  const Source *source = git->source;

  git_forget_look (git);
  g_free (git->key);
  git->extent = extent;
  git->key = extent == EXTENT_ALL ? cache_key (prefixes[extent], source->url, NULL) :
                                    cache_key (prefixes[extent], source->url, source->ref_kind, source->ref, NULL);
}

void
git_init (Git *git, Builder *builder, const Source *source, GitExtent extent)
{
  *git = (Git){ .builder = builder, .source = source };
  git_set_extent (git, extent);
}

char *
git_revision (const Source *source)
{
  if (!source->ref)
    return g_strdup ("HEAD");
  if (g_str_equal (source->ref_kind, "tag"))
    return g_strconcat ("refs/tags/", source->ref, NULL);
  if (g_str_equal (source->ref_kind, "branch"))
    return g_strconcat ("refs/heads/", source->ref, NULL);
  return g_strdup (source->ref);
}

bool
git_is_kept (const Git *git)
{
  return !source_is_local_repository (git->source) && !source_is_private (git->source);
}

char *
git_mirror_path (const Git *git)
{
  return git_is_kept (git) ? cache_path (git->builder, CACHE_SOURCES, git->key) :
                             g_build_filename (git->builder->request->work, MIRRORS, git->key, NULL);
}

bool
git_make_mirror (const Git *git, GError **error)
{
  g_autofree char *name = g_build_filename (MIRRORS, git->key, NULL);

  if (git_is_kept (git))
    return cache_touch (git->builder, CACHE_SOURCES, git->key, error);
  if ((mkdirat (git->builder->work_fd, MIRRORS, 0755) == 0 || errno == EEXIST) &&
      mkdirat (git->builder->work_fd, name, 0755) == 0)
    return true;
  return hive_error_set_errno (error, errno, "Cannot make a folder for %s", git->source->name);
}

bool
git_drop_mirror (Git *git, GError **error)
{
  g_auto (Fd) mirrors = -1;
  int r;

  git_forget_look (git);
  if (git_is_kept (git))
    return cache_drop (git->builder, CACHE_SOURCES, git->key, error);
  mirrors = file_open_beneath (git->builder->work_fd, MIRRORS, O_RDONLY | O_DIRECTORY, 0);
  r = mirrors < 0 ? mirrors : folder_remove (mirrors, git->key);
  return r >= 0 || hive_error_set_errno (error, -r, "Cannot remove the mirror of %s", git->source->name);
}

bool
git_find_server (Git *git, GError **error)
{
  return git->location.url || location_find (git->builder, git->source, PROBE, &git->location, error);
}

static Sandbox *
git_sandbox (const Git *git, Reach reach)
{
  const Configuration *configuration = git->builder->configuration;
  Sandbox *sandbox = sandbox_new (configuration);
  g_autofree char *config = scripts_path ("gitconfig");
  g_autofree char *own_config = g_build_filename (configuration->libexec_directory, "gitconfig", NULL);
  g_autofree char *src = g_build_filename (git->builder->request->work, "src", NULL);
  g_autofree char *mirror = git_mirror_path (git);
  g_autofree char *stored = cache_stored_path (git->builder, CACHE_SOURCES, git->key);

  scripts_bind (configuration, sandbox);
  if (reach & REACH_SRC)
    {
      sandbox_bind (sandbox, src, GIT_INSIDE_SRC);
      sandbox_chdir (sandbox, GIT_INSIDE_SRC);
    }
  if (reach & REACH_STORED)
    sandbox_bind_read_only (sandbox, stored, GIT_INSIDE_STORED);
  archive_limit (git->builder, sandbox);
  if (reach & REACH_MIRROR)
    sandbox_limit_folder (sandbox, mirror, configuration->max_download_size, MIRROR_FILES);
  (reach & REACH_MIRROR ? sandbox_bind : sandbox_bind_read_only) (sandbox, mirror, GIT_INSIDE_MIRROR);
  if (reach & REACH_ELSEWHERE && !git->location.folder)
    fetch_allow_network (sandbox, configuration, git->builder->catalog->own);
  else if (reach & REACH_SERVER)
    location_allow (&git->location, git->builder, sandbox);
  /* git-lfs runs git for another repository without the variables that name its configuration. */
  sandbox_bind_read_only (sandbox, own_config, "/tmp/.gitconfig");
  sandbox_setenv (sandbox, "HOME", "/tmp");
  sandbox_setenv (sandbox, "GIT_CONFIG_NOSYSTEM", "1");
  sandbox_setenv (sandbox, "GIT_CONFIG_GLOBAL", config);
  sandbox_setenv (sandbox, "GIT_ATTR_NOSYSTEM", "1");
  sandbox_setenv (sandbox, "GIT_TERMINAL_PROMPT", "0");
  /* A server's refs/replace/ would have one object stand for another. */
  sandbox_setenv (sandbox, "GIT_NO_REPLACE_OBJECTS", "1");
  sandbox_set_timeout (sandbox, configuration->download_timeout);
  return sandbox;
}

/* Of a mirror, which is a download. */
static bool
git_explain (const Git *git, GError **error)
{
  GError *failure = error ? *error : NULL;
  g_autofree char *message = NULL;

  if (!failure || failure->code != HIVE_ERROR_LIMITS_EXCEEDED)
    return sandbox_trouble_explain (error, "Fetching a git source", "DownloadTimeout=");
  message = g_steal_pointer (&failure->message);
  failure->message = g_strdup_printf (N_ ("The repository of %s is too large: %s (MaxDownloadSize= in hive.conf)"),
                                      git->source->name, message);
  return false;
}

static bool
git_run_in (const Git *git, Sandbox *sandbox, Reach reach, const char *const *arguments, int *ret_status,
            char **ret_said, GError **error)
{
  if (!sandbox_run (sandbox, arguments, ret_status, error))
    {
      if (reach & REACH_MIRROR)
        return git_explain (git, error);
      return archive_explain (error, git->source->name, "DownloadTimeout=");
    }
  if (*ret_status == 127)
    return step_missing_program (git->builder, "git", error);
  if (ret_said)
    *ret_said = g_strdup (sandbox_diagnostics (sandbox));
  return true;
}

bool
git_run (const Git *git, Reach reach, const char *const *arguments, int *ret_status, char **ret_said, GError **error)
{
  g_autoptr (Sandbox) sandbox = git_sandbox (git, reach);

  return git_run_in (git, sandbox, reach, arguments, ret_status, ret_said, error);
}

int
git_run_to_file (const Git *git, const char *const *arguments, uint64_t max_size, GError **error)
{
  g_autoptr (Sandbox) sandbox = git_sandbox (git, REACH_NOTHING);
  g_autofree char *folder = g_build_filename (git->builder->request->work, SCRATCH, NULL);
  g_auto (Fd) fd = -1;
  int status = 0;
  bool ran;

  if (mkdirat (git->builder->work_fd, SCRATCH, 0700) == 0)
    fd = file_open_beneath (git->builder->work_fd, SCRATCH "/output", O_RDWR | O_CREAT | O_EXCL, 0600);
  if (fd < 0)
    {
      hive_error_set_errno (error, errno, "Cannot write %s", folder);
      return -1;
    }
  sandbox_set_stdout (sandbox, fd);
  sandbox_limit_folder (sandbox, folder, max_size, git->builder->configuration->max_source_files);
  ran = git_run_in (git, sandbox, REACH_NOTHING, arguments, &status, NULL, error);
  folder_remove (git->builder->work_fd, SCRATCH);
  if (ran && status != 0)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "git cannot make an archive of %s",
                 git->source->name);
  return ran && status == 0 ? fd_steal (&fd) : -1;
}

bool
git_must (const Git *git, Reach reach, const char *const *arguments, const char *what, GError **error)
{
  g_autofree char *shown = fetch_redact (git->source->url);
  g_autoptr (GError) stopped = NULL;

  for (unsigned attempt = 1;; attempt++)
    {
      g_autofree char *said = NULL;
      g_autofree char *why = NULL;
      int status;

      if (!git_run (git, reach, arguments, &status, &said, error))
        return false;
      if (status == 0)
        return true;
      why = complaint_of (said, source_address (git->source));
      if (reach & REACH_SERVER && attempt_again (git->builder, git->source, attempt, said, why, &stopped))
        continue;
      if (stopped)
        g_propagate_error (error, g_steal_pointer (&stopped));
      else
        g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "The git repository %s cannot be %s: %s", shown,
                     what, why);
      return false;
    }
}

char *
git_ask (const Git *git, Reach reach, const char *const *arguments, char **ret_said, GError **error)
{
  g_autoptr (Sandbox) sandbox = git_sandbox (git, reach);
  g_auto (Fd) fd = memfd_create ("git", MFD_CLOEXEC);
  int status;

  if (fd < 0)
    {
      hive_error_set_errno (error, errno, "Cannot make a memory file");
      return NULL;
    }
  sandbox_set_stdout (sandbox, fd);
  if (!git_run_in (git, sandbox, reach, arguments, &status, ret_said, error) || status != 0 ||
      lseek (fd, 0, SEEK_SET) < 0)
    return NULL;
  return file_read_fd (fd, ANSWER_MAX, "git's answer", NULL, error);
}
