/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "git.h"

#include "cache.h"
#include "fetch.h"
#include "file.h"
#include "git-run.h"

#include <string.h>
#include <sys/stat.h>

#define PROBE "info/refs?service=git-upload-pack"

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
  const char *arguments[] = { "git", "-C", GIT_INSIDE_MIRROR, "rev-parse", "--verify", "--quiet", commit, NULL };
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
  const char *set[] = { "git", "-C", GIT_INSIDE_MIRROR, "symbolic-ref", "--", "HEAD", NULL, NULL };

  if (!end || !g_str_has_prefix (answer, "ref: refs/heads/"))
    return !answer || !*error;
  head = g_strndup (answer + strlen ("ref: "), end - answer - strlen ("ref: "));
  set[6] = head;
  return git_must (git, REACH_MIRROR, set, "brought up to date", error);
}

/* Asked for only where a server is needed. */
static bool
git_find_server (Git *git, GError **error)
{
  return git->location.url || location_find (git->builder, git->source, PROBE, &git->location, error);
}

static const char *
git_redirects (const Git *git)
{
  return git->location.host ? "http.followRedirects=false" : "http.followRedirects=initial";
}

/* git tidies up after a fetch, so that a mirror does not become a heap of small packs. */
static bool
git_update (Git *git, GError **error)
{
  const char *fetch[] = {
    "git",   "-c",      NULL,      "-c",      "gc.auto=6700", "-c", "gc.autoDetach=false", "-C", GIT_INSIDE_MIRROR,
    "fetch", "--quiet", "--prune", "--force", "--",           NULL, "+refs/*:refs/*",      NULL
  };

  if (!git_find_server (git, error))
    return false;
  fetch[2] = git_redirects (git);
  fetch[14] = git->location.url;
  git->fetched = true;
  return git_must (git, REACH_MIRROR | REACH_SERVER, fetch, "fetched", error) &&
         (git->source->ref || git_update_head (git, error));
}

/* The cache's mirror is copied, its objects and refs and none of its configuration, and brought up to date. */
static bool
git_copy_stored (Git *git, GError **error)
{
  const char *copy[] = { "git", "clone", "--quiet", "--mirror", "--", GIT_INSIDE_STORED, GIT_INSIDE_MIRROR, NULL };
  g_autofree char *commit = NULL;

  if (!git_must (git, REACH_MIRROR | REACH_STORED, copy, "copied from the cache", error))
    return false;
  commit = source_is_fixed (git->source) ? git_find_commit (git, error) : NULL;
  return commit || (!*error && git_update (git, error));
}

static bool
git_clone (Git *git, GError **error)
{
  const char *clone[] = { "git", "-c", NULL, "clone", "--quiet", "--mirror", "--", NULL, GIT_INSIDE_MIRROR, NULL };

  if (!git_find_server (git, error))
    return false;
  clone[2] = git_redirects (git);
  clone[7] = git->location.url;
  log_writer_note (git->builder->log, "sources", "⬇ Cloning %s", git->source->name);
  git->fetched = true;
  return git_must (git, REACH_MIRROR | REACH_SERVER, clone, "cloned", error);
}

/* As makepkg: a tag that calls itself by another name was put there to be taken for that one. */
static bool
git_check_tag (const Git *git, GError **error)
{
  g_autofree char *revision = git_revision (git->source);
  const char *arguments[] = { "git", "-C", GIT_INSIDE_MIRROR, "for-each-ref", "--format=%(tag)", "--", revision, NULL };
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
  const char *arguments[] = { "git",       "-C",      GIT_INSIDE_MIRROR,  "rev-list", "--objects",
                              "--no-walk", "--quiet", "--verify-objects", commit,     NULL };
  g_autofree char *said = NULL;
  int status;

  if (!git_run (git, REACH_NOTHING, arguments, &status, &said, error))
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

  if (stored < 0 || source_is_local_repository (git->source) || source_is_private (git->source))
    return NULL;
  commit = git_copy_stored (git, &failure) ? git_settle (git, &failure) : NULL;
  if (!commit && sandbox_check_cancelled (error))
    {
      log_writer_note (git->builder->log, "sources",
                       "⚠ The mirror of %s in the cache is of no use, cloning it again: %s", git->source->name,
                       failure->message);
      if (cache_drop (git->builder, CACHE_SOURCES, git->key, error))
        cache_touch (git->builder, CACHE_SOURCES, git->key, error);
    }
  return commit;
}

/* A tree of the same trees over and over is small in a repository and endless in a folder; git would plan all of it in
 * memory. */
static bool
git_check_size (const Git *git, const Wanted *wanted, GError **error)
{
  unsigned max_files = git->builder->configuration->max_source_files;
  const char *arguments[] = { "git", "-C", GIT_INSIDE_MIRROR, "ls-tree", "-r", "--format=", wanted->revision, NULL };
  g_auto (Fd) fd = git_run_to_file (git, arguments, MAX (max_files, 64 * 1024), "a list", error);
  struct stat st;

  if (fd < 0 || fstat (fd, &st) < 0)
    return false;
  if (st.st_size <= (off_t)max_files) /* a newline each */
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
               "The source %s has more than %u files (MaxSourceFiles= in hive.conf)", wanted->source->name, max_files);
  return false;
}

/* The sum of `git archive`, as makepkg 6.1 computes it. */
static bool
git_verify (const Git *git, const Wanted *wanted, GError **error)
{
  const char *arguments[] = { "git",     "-c",           "core.abbrev=no", "-C", GIT_INSIDE_MIRROR,
                              "archive", "--format=tar", wanted->revision, NULL };
  g_auto (Fd) fd = -1;

  if (!wanted_is_summed (wanted))
    return true;
  fd = git_run_to_file (git, arguments, git->builder->configuration->max_source_size, "an archive", error);
  return fd >= 0 && wanted_verify (wanted, fd, error);
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
  else if (!cache_touch (builder, CACHE_SOURCES, git.key, error))
    return false;
  else
    {
      wanted->revision = git_try_stored (&git, &failure);
      if (!wanted->revision && !failure && git_clone (&git, &failure))
        wanted->revision = git_settle (&git, &failure);
      wanted->is_stored = !git.fetched;
    }
  if (!wanted->revision || !git_check_size (&git, wanted, &failure) || !git_verify (&git, wanted, &failure))
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
  const char *arguments[] = { "git", "-C", GIT_INSIDE_MIRROR, "cat-file", tag ? "tag" : "commit", revision, NULL };
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
  const char *clone[] = { "git", "clone", "--quiet", "--no-checkout", "--", GIT_INSIDE_MIRROR, source->name, NULL };
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
