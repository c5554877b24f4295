/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "git.h"

#include "archive.h"
#include "cache.h"
#include "fetch.h"
#include "file.h"
#include "location.h"
#include "step.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSIDE_SRC    "/tmp/src"
#define INSIDE_MIRROR "/tmp/mirror"
#define INSIDE_STORED "/tmp/stored"
#define PROBE         "info/refs?service=git-upload-pack"
#define ANSWER_MAX    (64 * 1024) /* a tag or a commit with its signature */
#define MIRROR_FILES  1000000
#define ARCHIVE       "src/.archive" /* where its size is limited */

/* What one run of git may reach, besides the mirror. */
typedef enum
{
  REACH_NOTHING = 0,
  REACH_MIRROR = 1 << 0, /* to write it */
  REACH_SERVER = 1 << 1,
  REACH_STORED = 1 << 2, /* the cache's own mirror */
  REACH_SRC = 1 << 3,
} Reach;

typedef struct
{
  Builder *builder;
  const Source *source;
  char *key;
  Location location;
  bool fetched; /* something came from the server */
} Git;

static void
git_clear (Git *git)
{
  g_free (git->key);
  location_clear (&git->location);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Git, git_clear)

static void
git_init (Git *git, Builder *builder, const Source *source)
{
  *git = (Git){ .builder = builder, .source = source, .key = cache_key ("git", source->url, NULL) };
}

static Sandbox *
git_sandbox (const Git *git, Reach reach)
{
  const Configuration *configuration = git->builder->configuration;
  Sandbox *sandbox = sandbox_new (configuration);
  g_autofree char *config = step_script ("gitconfig");
  g_autofree char *src = g_build_filename (git->builder->request->work, "src", NULL);
  g_autofree char *mirror = cache_path (git->builder, CACHE_SOURCES, git->key);
  g_autofree char *stored = cache_stored_path (git->builder, CACHE_SOURCES, git->key);

  step_bind_scripts (configuration, sandbox);
  if (reach & REACH_SRC)
    {
      sandbox_bind (sandbox, src, INSIDE_SRC);
      sandbox_chdir (sandbox, INSIDE_SRC);
    }
  if (reach & REACH_STORED)
    sandbox_bind_read_only (sandbox, stored, INSIDE_STORED);
  archive_limit (git->builder, sandbox);
  if (reach & REACH_MIRROR)
    sandbox_limit_folder (sandbox, mirror, configuration->max_download_size, MIRROR_FILES);
  (reach & REACH_MIRROR ? sandbox_bind : sandbox_bind_read_only) (sandbox, mirror, INSIDE_MIRROR);
  if (reach & REACH_SERVER)
    location_allow (&git->location, sandbox);
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

/* Runs git. @ret_status is its exit status; @ret_said, what it complained of (NULL: nobody asks); its output goes to
 * @out (-1: nowhere). */
static bool
git_run (const Git *git, Reach reach, const char *const *arguments, int out, int *ret_status, char **ret_said,
         GError **error)
{
  g_autoptr (Sandbox) sandbox = git_sandbox (git, reach);

  if (out >= 0)
    sandbox_set_stdout (sandbox, out);
  if (!sandbox_run (sandbox, arguments, ret_status, error))
    {
      if (reach & REACH_MIRROR)
        return step_explain (error, "Fetching a git source", "DownloadTimeout= and MaxDownloadSize=");
      return archive_explain (error, git->source->name, "DownloadTimeout=");
    }
  if (*ret_status == 127)
    return step_missing_program (git->builder, "git", error);
  if (ret_said)
    *ret_said = g_strdup (sandbox_diagnostics (sandbox));
  return true;
}

/* Runs git, which must end well; otherwise SourceUnavailable in the words of @format, a URL and git's last line. */
static bool
git_must (const Git *git, Reach reach, const char *const *arguments, const char *what, GError **error)
{
  g_autofree char *shown = fetch_redact (git->source->url);
  g_autofree char *said = NULL;
  const char *last;
  int status;

  if (!git_run (git, reach, arguments, -1, &status, &said, error))
    return false;
  if (status == 0)
    return true;
  last = strrchr (said, '\n') ? strrchr (said, '\n') + 1 : *said ? said : "git said nothing";
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "The git repository %s can't be %s: %.400s", shown,
               what, last);
  return false;
}

/* What git prints; NULL without @error when it ends badly. */
static char *
git_ask (const Git *git, Reach reach, const char *const *arguments, GError **error)
{
  g_auto (Fd) fd = memfd_create ("git", MFD_CLOEXEC);
  g_autofree char *text = NULL;
  int status;

  if (fd < 0)
    {
      hive_error_set_errno (error, errno, "Can't make a memory file");
      return NULL;
    }
  if (!git_run (git, reach, arguments, fd, &status, NULL, error) || status != 0)
    return NULL;
  text = lseek (fd, 0, SEEK_SET) < 0 ? NULL : file_read_fd (fd, ANSWER_MAX, "git's answer", NULL, error);
  return g_steal_pointer (&text);
}

static bool
git_names_commit (const Source *source)
{
  size_t length = source->ref ? strlen (source->ref) : 0;

  return g_strcmp0 (source->ref_kind, "commit") == 0 && (length == 40 || length == 64) &&
         strspn (source->ref, "0123456789abcdefABCDEF") == length;
}

/* What the fragment names, in the mirror. */
static char *
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

/* The commit's name, or NULL without @error when there is none. */
static char *
git_find_commit (const Git *git, GError **error)
{
  g_autofree char *revision = git_revision (git->source);
  g_autofree char *commit = g_strconcat (revision, "^{commit}", NULL);
  const char *arguments[] = { "git", "-C", INSIDE_MIRROR, "rev-parse", "--verify", "--quiet", commit, NULL };
  g_autofree char *name = git_ask (git, REACH_NOTHING, arguments, error);

  if (name)
    g_strchomp (name);
  return name && *name && strspn (name, "0123456789abcdef") == strlen (name) ? g_steal_pointer (&name) : NULL;
}

/* The mirror's HEAD follows the server's; `clone --mirror` does so only once. */
static bool
git_update_head (const Git *git, GError **error)
{
  const char *ask[] = { "git", "ls-remote", "--symref", "--", git->location.url, "HEAD", NULL };
  g_autofree char *answer = git_ask (git, REACH_SERVER, ask, error);
  const char *end = answer ? strstr (answer, "\tHEAD") : NULL;
  g_autofree char *head = NULL;
  const char *set[] = { "git", "-C", INSIDE_MIRROR, "symbolic-ref", "--", "HEAD", NULL, NULL };

  if (!end || !g_str_has_prefix (answer, "ref: refs/heads/"))
    return !answer || !*error;
  head = g_strndup (answer + strlen ("ref: "), end - answer - strlen ("ref: "));
  set[6] = head;
  return git_must (git, REACH_MIRROR, set, "brought up to date", error);
}

static bool
git_update (Git *git, GError **error)
{
  const char *fetch[] = { "git",
                          "-c",
                          git->location.host ? "http.followRedirects=false" : "http.followRedirects=initial",
                          "-C",
                          INSIDE_MIRROR,
                          "fetch",
                          "--quiet",
                          "--prune",
                          "--force",
                          "--",
                          git->location.url,
                          "+refs/*:refs/*",
                          NULL };

  git->fetched = true;
  return git_must (git, REACH_MIRROR | REACH_SERVER, fetch, "fetched", error) &&
         (git->source->ref || git_update_head (git, error));
}

/* The cache's mirror is copied, its objects and refs and none of its configuration, and brought up to date. */
static bool
git_copy_stored (Git *git, GError **error)
{
  const char *copy[] = { "git", "clone", "--quiet", "--mirror", "--", INSIDE_STORED, INSIDE_MIRROR, NULL };
  g_autofree char *commit = NULL;

  if (!git_must (git, REACH_MIRROR | REACH_STORED, copy, "copied from the cache", error))
    return false;
  commit = git_names_commit (git->source) ? git_find_commit (git, error) : NULL;
  return commit || (!*error && git_update (git, error));
}

static bool
git_clone (Git *git, GError **error)
{
  const char *clone[] = { "git",
                          "-c",
                          git->location.host ? "http.followRedirects=false" : "http.followRedirects=initial",
                          "clone",
                          "--quiet",
                          "--mirror",
                          "--",
                          git->location.url,
                          INSIDE_MIRROR,
                          NULL };

  log_writer_note (git->builder->log, "sources", "⬇ Cloning %s", git->source->name);
  git->fetched = true;
  return git_must (git, REACH_MIRROR | REACH_SERVER, clone, "cloned", error);
}

/* As makepkg: a tag that calls itself by another name was put there to be taken for that one. */
static bool
git_check_tag (const Git *git, GError **error)
{
  g_autofree char *revision = git_revision (git->source);
  const char *arguments[] = { "git", "-C", INSIDE_MIRROR, "for-each-ref", "--format=%(tag)", "--", revision, NULL };
  g_autofree char *name = NULL;

  if (g_strcmp0 (git->source->ref_kind, "tag") != 0)
    return true;
  name = git_ask (git, REACH_NOTHING, arguments, error);
  if (!name || !*g_strchomp (name) || g_str_equal (name, git->source->ref))
    return !*error;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_CHECKSUM_MISMATCH,
               "The tag %s of the source %s calls itself by another name: it may have been forged", git->source->ref,
               git->source->name);
  return false;
}

/* git takes objects of a repository for what their names say; here each of the commit's tree is read and hashed. It
 * ends with 0 all the same, and complains. */
static bool
git_check_objects (const Git *git, const char *commit, GError **error)
{
  const char *arguments[] = { "git",       "-C",      INSIDE_MIRROR,      "rev-list", "--objects",
                              "--no-walk", "--quiet", "--verify-objects", commit,     NULL };
  g_autofree char *said = NULL;
  int status;

  if (!git_run (git, REACH_NOTHING, arguments, -1, &status, &said, error))
    return false;
  if (status == 0 && !*said)
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_CHECKSUM_MISMATCH,
               "The source %s is damaged: what the repository has under %s is something else (git: %.200s)",
               git->source->name, commit, said);
  return false;
}

/* Finds the commit in the mirror and checks it. */
static char *
git_settle (const Git *git, GError **error)
{
  g_autofree char *shown = fetch_redact (git->source->url);
  g_autofree char *commit = git_find_commit (git, error);

  if (!commit && !*error)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "The git repository %s has no %s %s", shown,
                 git->source->ref ? git->source->ref_kind : "commit at",
                 git->source->ref ? git->source->ref : "its HEAD");
  if (!commit || !git_check_tag (git, error) || !git_check_objects (git, commit, error))
    return NULL;
  return g_steal_pointer (&commit);
}

/* By the cache's mirror, if it has one that is of use. */
static char *
git_try_stored (Git *git, GError **error)
{
  g_auto (Fd) stored = cache_open (git->builder, CACHE_SOURCES, git->key);
  g_autoptr (GError) failure = NULL;
  char *commit;

  if (stored < 0 || git->location.folder || source_is_private (git->source))
    return NULL;
  commit = git_copy_stored (git, &failure) ? git_settle (git, &failure) : NULL;
  if (!commit && sandbox_check_cancelled (error))
    {
      log_writer_note (git->builder->log, "sources", "⚠ The mirror of %s in the cache is of no use: cloning it again",
                       git->source->name);
      if (cache_drop (git->builder, CACHE_SOURCES, git->key, error))
        cache_touch (git->builder, CACHE_SOURCES, git->key, error);
    }
  return commit;
}

/* The sum of `git archive`, as makepkg 6.1 computes it. */
static bool
git_verify (const Git *git, const Wanted *wanted, GError **error)
{
  const char *arguments[] = { "git",     "-c",           "core.abbrev=no", "-C", INSIDE_MIRROR,
                              "archive", "--format=tar", wanted->revision, NULL };
  g_autofree char *shown = fetch_redact (git->source->url);
  g_auto (Fd) fd = -1;
  bool ran;
  int status;

  if (!wanted_is_summed (wanted))
    return true;
  fd = file_open_beneath (git->builder->work_fd, ARCHIVE, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (fd < 0)
    return hive_error_set_errno (error, -fd, "Can't write " ARCHIVE);
  ran = git_run (git, REACH_NOTHING, arguments, fd, &status, NULL, error);
  unlinkat (git->builder->work_fd, ARCHIVE, 0);
  if (!ran)
    return false;
  if (status == 0)
    return wanted_verify (wanted, fd, error);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "git can't make an archive of %s", shown);
  return false;
}

static bool
git_has_mirror (const Git *git)
{
  g_autofree char *path = cache_path (git->builder, CACHE_SOURCES, git->key);
  g_autofree char *head = g_build_filename (path, "HEAD", NULL);

  return g_file_test (head, G_FILE_TEST_EXISTS);
}

bool
git_fetch (Builder *builder, Wanted *wanted, const char **ret_how, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_auto (Git) git = { 0 };

  git_init (&git, builder, wanted->source);
  if (git_has_mirror (&git)) /* of another source from the same repository */
    wanted->revision = git_settle (&git, &failure);
  else if (!location_find (builder, wanted->source, PROBE, &git.location, error) ||
           !cache_touch (builder, CACHE_SOURCES, git.key, error))
    return false;
  else
    {
      wanted->revision = git_try_stored (&git, &failure);
      if (!wanted->revision && !failure && git_clone (&git, &failure))
        wanted->revision = git_settle (&git, &failure);
      wanted->is_stored = !git.fetched;
    }
  if (!wanted->revision || !git_verify (&git, wanted, &failure))
    {
      cache_drop (builder, CACHE_SOURCES, git.key, NULL);
      g_propagate_error (error, g_steal_pointer (&failure));
      return false;
    }
  *ret_how = wanted->is_stored ? ", from the cache" : "";
  return true;
}

char *
git_read_signed (Builder *builder, const Wanted *wanted, GError **error)
{
  bool tag = g_strcmp0 (wanted->source->ref_kind, "tag") == 0;
  g_autofree char *revision = tag ? git_revision (wanted->source) : g_strdup (wanted->revision);
  const char *arguments[] = { "git", "-C", INSIDE_MIRROR, "cat-file", tag ? "tag" : "commit", revision, NULL };
  g_auto (Git) git = { 0 };
  char *text;

  git_init (&git, builder, wanted->source);
  text = git_ask (&git, REACH_NOTHING, arguments, error);
  if (!text && !*error)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CHECKSUM_MISMATCH,
                 "The source %s must be signed, but its tag %s is a plain one, which has no signature",
                 wanted->source->name, wanted->source->ref);
  return text;
}

bool
git_checkout (Builder *builder, const Wanted *wanted, GError **error)
{
  const Source *source = wanted->source;
  g_autofree char *shown = fetch_redact (source->url);
  const char *clone[] = { "git", "clone", "--quiet", "--no-checkout", "--", INSIDE_MIRROR, source->name, NULL };
  /* A branch of its own, as makepkg makes one; without a fragment, the repository's. */
  const char *branch[] = { "git",        "-C", source->name, "checkout",       "--quiet", "--force",
                           "--no-track", "-B", "makepkg",    wanted->revision, "--",      NULL };
  const char *head[] = { "git", "-C", source->name, "checkout", "--quiet", "--force", NULL };
  const char *origin[] = { "git", "-C", source->name, "remote", "set-url", "origin", shown, NULL };
  g_auto (Git) git = { 0 };

  git_init (&git, builder, source);
  return git_must (&git, REACH_SRC, clone, "cloned", error) &&
         git_must (&git, REACH_SRC, source->ref ? branch : head, "checked out", error) &&
         git_must (&git, REACH_SRC, origin, "named", error);
}

bool
git_release (Builder *builder, const Wanted *wanted, GError **error)
{
  g_auto (Git) git = { 0 };

  git_init (&git, builder, wanted->source);
  if (source_is_local_repository (wanted->source) || source_is_private (wanted->source))
    return cache_drop (builder, CACHE_SOURCES, git.key, error);
  return !wanted->is_stored ||
         (cache_drop (builder, CACHE_SOURCES, git.key, error) && cache_touch (builder, CACHE_SOURCES, git.key, error));
}
