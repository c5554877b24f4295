/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "git.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>

#include "cache.h"
#include "fetch.h"
#include "file.h"
#include "git-copy.h"
#include "git-lfs.h"
#include "git-look.h"

#define BRANCH "makepkg" /* of a mirror that has one commit alone */

/* The mirror's HEAD follows the server's; `clone --mirror` does so only once. */
static bool
git_update_head (const Git *git, GError **error)
{
  const char *ask[] = { "git", "ls-remote", "--symref", "--", git->location.url, "HEAD", NULL };
  g_autofree char *answer = git_ask (git, REACH_SERVER, ask, NULL, error);
  const char *end = answer ? strstr (answer, "\tHEAD") : NULL;
  g_autofree char *head = NULL;
  const char *set[] = { "git", "-C", GIT_INSIDE_MIRROR, "symbolic-ref", "--", "HEAD", NULL, NULL };

  if (!end || !g_str_has_prefix (answer, "ref: refs/heads/"))
    return !answer || !*error;
  head = g_strndup (answer + strlen ("ref: "), end - answer - strlen ("ref: "));
  set[6] = head;
  return git_must (git, REACH_MIRROR, set, "brought up to date", error);
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
  const char *fetch[] = { "git",
                          "-c",
                          NULL,
                          "-c",
                          "maintenance.auto=true",
                          "-c",
                          "gc.auto=6700",
                          "-c",
                          "gc.autoDetach=false",
                          "-C",
                          GIT_INSIDE_MIRROR,
                          "fetch",
                          "--quiet",
                          "--prune",
                          "--force",
                          "--",
                          NULL,
                          "+refs/*:refs/*",
                          NULL };

  if (!git_find_server (git, error))
    return false;
  fetch[2] = git_redirects (git);
  fetch[16] = git->location.url;
  git->fetched = true;
  git_forget_look (git);
  return git_must (git, REACH_MIRROR | REACH_SERVER, fetch, "fetched", error) &&
         (git->source->ref || git_update_head (git, error));
}

/* What the mirror of one commit calls it; a tag keeps its name. */
static char *
git_refspec (const Git *git)
{
  const char *ref = git->source->ref;

  return g_str_equal (git->source->ref_kind, "tag") ? g_strdup_printf ("+refs/tags/%s:refs/tags/%s", ref, ref) :
                                                      g_strdup_printf ("+%s:refs/heads/" BRANCH, ref);
}

/* A tag may have been moved. */
static bool
git_check_tag_is_current (Git *git, GError **error)
{
  g_autofree char *revision = git_revision (git->source);
  const char *there[] = { "git", "-c", NULL, "ls-remote", "--", NULL, revision, NULL };
  g_autofree char *theirs = NULL;

  if (!git_look (git, error) || !git_find_server (git, error))
    return false;
  there[2] = git_redirects (git);
  there[5] = git->location.url;
  theirs = git->look->object ? git_ask (git, REACH_SERVER, there, NULL, error) : NULL;
  if (theirs && g_str_has_prefix (theirs, git->look->object))
    return true;
  if (!*error)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "its tag %s is another commit now",
                 git->source->ref);
  return false;
}

/* The mirror, a repository without anything; a descriptor, or -1 and @error. */
static int
git_init_mirror (const Git *git, GError **error)
{
  g_autofree char *path = git_mirror_path (git);
  g_auto (Fd) fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  int r = fd < 0 ? -errno : git_copy_begin (fd, true, NULL);

  if (r >= 0)
    return fd_steal (&fd);
  hive_error_set_errno (error, -r, "Cannot make a repository in %s", path);
  return -1;
}

/* The cache's mirror, its objects and refs and none of its configuration. */
static bool
git_take_stored (const Git *git, GError **error)
{
  const char *copy[] = { "git", "clone", "--quiet", "--mirror", "--", GIT_INSIDE_STORED, GIT_INSIDE_MIRROR, NULL };
  g_autofree char *stored = cache_stored_path (git->builder, CACHE_SOURCES, git->key);
  g_auto (Fd) mirror = -1;

  if (!git_copy_is_commit (stored))
    return git_must (git, REACH_MIRROR | REACH_STORED, copy, "copied from the cache", error);
  mirror = git_init_mirror (git, error);
  return mirror >= 0 && git_copy_commit (git, stored, mirror, error);
}

/* It is copied and brought up to date. */
static bool
git_copy_stored (Git *git, GError **error)
{
  bool fixed = source_is_fixed (git->source);

  if (!git_take_stored (git, error))
    return false;
  if (git->extent != EXTENT_ALL && !fixed)
    return git_check_tag_is_current (git, error);
  if (fixed && !git_look (git, error))
    return false;
  return (fixed && git->look->commit) || git_update (git, error);
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
  git->hashed = git_must (git, REACH_MIRROR | REACH_SERVER, clone, "cloned", error);
  return git->hashed;
}

/* One commit alone, with its files. */
static bool
git_fetch_commit (Git *git, GError **error)
{
  g_autofree char *refspec = git_refspec (git);
  const char *fetch[] = { "git",     "-c",        NULL, "-C", GIT_INSIDE_MIRROR, "fetch",
                          "--quiet", "--depth=1", "--", NULL, refspec,           NULL };
  g_auto (Fd) mirror = -1;

  if (!git_find_server (git, error))
    return false;
  fetch[2] = git_redirects (git);
  fetch[9] = git->location.url;
  log_writer_note (git->builder->log, "sources", "⬇ Fetching %s, %s %s without what was before it", git->source->name,
                   git->source->ref_kind, git->source->ref);
  git->fetched = true;
  mirror = git_init_mirror (git, error);
  git->hashed = mirror >= 0 && git_must (git, REACH_MIRROR | REACH_SERVER, fetch, "fetched", error);
  return git->hashed;
}

/* Commits and tags without the files of other commits, by a server that can leave those out; others send all. */
static bool
git_fetch_commits (Git *git, GError **error)
{
  g_autofree char *refspec = git_refspec (git);
  const char *fetch[] = { "git",
                          "-c",
                          git_redirects (git),
                          "-C",
                          GIT_INSIDE_MIRROR,
                          "fetch",
                          "--quiet",
                          "--unshallow",
                          "--filter=tree:0",
                          "--",
                          git->location.url,
                          refspec,
                          "+refs/heads/*:refs/heads/*",
                          "+refs/tags/*:refs/tags/*",
                          NULL };

  log_writer_note (git->builder->log, "sources", "⬇ Fetching the history of %s, which its build may ask for",
                   git->source->name);
  git_forget_look (git);
  return git_must (git, REACH_MIRROR | REACH_SERVER, fetch, "fetched", error);
}

/* All of it after all: the server gives no single commits, or the build needs more. */
static bool
git_clone_after_all (Git *git, GError **error)
{
  if (!git_drop_mirror (git, error))
    return false;
  git_set_extent (git, EXTENT_ALL);
  return git_make_mirror (git, error) && git_clone (git, error);
}

/* Servers of long ago, and those that are plain files. */
static bool
git_is_denied_parts (const GError *failure)
{
  return strstr (failure->message, "not our ref") || strstr (failure->message, "unadvertised object") ||
         strstr (failure->message, "shallow");
}

static bool
git_fetch_part (Git *git, GError **error)
{
  g_autoptr (GError) failure = NULL;
  GitExtent extent;

  if (!git_fetch_commit (git, &failure))
    {
      if (failure->code == HIVE_ERROR_SOURCE_UNAVAILABLE && git_is_denied_parts (failure))
        return git_clone_after_all (git, error);
      if (strstr (failure->message, "couldn't find remote ref"))
        return true; /* git_settle() says it */
      g_propagate_error (error, g_steal_pointer (&failure));
      return false;
    }
  if (!git_look (git, error))
    return false;
  if (!git->look->commit)
    return true; /* likewise */
  extent = MAX (git->extent, git->look->extent);
  if (extent == EXTENT_ALL)
    return git_clone_after_all (git, error);
  return extent == EXTENT_COMMIT || git_fetch_commits (git, error);
}

/* As makepkg: a tag that calls itself by another name was put there to be taken for that one. */
static bool
git_check_tag (const Git *git, GError **error)
{
  if (!git->look->tag || g_str_equal (git->look->tag, git->source->ref))
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_CHECKSUM_MISMATCH,
               "The tag %s of the source %s calls itself by another name: it may have been forged", git->source->ref,
               git->source->name);
  return false;
}

/* git takes objects of a repository for what their names say; here each of the commit's tree was read and hashed,
 * unless all of them were received in this job, which does the same. */
static bool
git_check_objects (const Git *git, GError **error)
{
  if (!git->look->damaged)
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_CHECKSUM_MISMATCH,
               "The source %s is damaged: what the repository has under %s is something else (git: %.200s)",
               git->source->name, git->look->commit, git->look->complaint);
  return false;
}

/* A tree of the same trees over and over is small in a repository and endless in a folder; git would plan all of it in
 * memory. */
static bool
git_check_size (const Git *git, GError **error)
{
  unsigned max_files = git->builder->configuration->max_source_files;

  if (git->look->files >= 0 && git->look->files <= max_files)
    return true;
  if (git->look->files < 0)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "git cannot list the files of %s",
                 git->source->name);
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
                 "The source %s has more than %u files (MaxSourceFiles= in hive.conf)", git->source->name, max_files);
  return false;
}

/* Finds the commit in the mirror and checks it. */
static bool
git_settle (Git *git, GError **error)
{
  g_autofree char *shown = fetch_redact (git->source->url);

  if (!git_look (git, error))
    return false;
  if (git->look->commit)
    return git_check_tag (git, error) && git_check_objects (git, error) && git_check_size (git, error);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "The git repository %s has no %s %s", shown,
               git->source->ref ? git->source->ref_kind : N_ ("commit at"),
               git->source->ref ? git->source->ref : N_ ("its HEAD: it is empty, or what answers there is none"));
  return false;
}

/* By the cache's mirror, if it has one that is of use. */
static bool
git_try_stored (Git *git, GError **error)
{
  g_auto (Fd) stored = cache_open (git->builder, CACHE_SOURCES, git->key);
  g_autoptr (GError) failure = NULL;
  bool good;

  if (stored < 0 || !git_is_kept (git))
    return false;
  good = git_copy_stored (git, &failure) && git_settle (git, &failure);
  if (!good && failure->code == HIVE_ERROR_MISSING_DEPENDENCIES)
    g_propagate_error (error, g_steal_pointer (&failure)); /* of this machine, and nothing of the mirror's */
  else if (!good && sandbox_check_cancelled (error))
    {
      log_writer_note (git->builder->log, "sources",
                       "⚠ The mirror of %s in the cache is of no use, cloning it again: %s", git->source->name,
                       failure->message);
      if (git_drop_mirror (git, error))
        git_make_mirror (git, error);
    }
  return good;
}

/* The sum of `git archive`, as makepkg 6.1 computes it. */
static bool
git_verify (const Git *git, const SourceEntry *wanted, GError **error)
{
  const char *arguments[] = { "git",     "-c",           "core.abbrev=no", "-C", GIT_INSIDE_MIRROR,
                              "archive", "--format=tar", wanted->revision, NULL };
  g_auto (Fd) fd = -1;

  if (!source_entry_is_summed (wanted))
    return true;
  fd = git_run_to_file (git, arguments, git->builder->configuration->max_source_size, error);
  return fd >= 0 && source_entry_verify (wanted, fd, error);
}

static bool
git_has_mirror (const Git *git)
{
  g_autofree char *path = git_mirror_path (git);
  g_autofree char *head = g_build_filename (path, "HEAD", NULL);

  return g_file_test (head, G_FILE_TEST_EXISTS);
}

/* What has all of it needs no part beside it. */
static void
git_prefer_whole (Git *git)
{
  GitExtent extent = git->extent;
  g_auto (Fd) stored = -1;

  git_set_extent (git, EXTENT_ALL);
  if (git_has_mirror (git))
    return;
  stored = git_is_kept (git) ? cache_open (git->builder, CACHE_SOURCES, git->key) : -1;
  if (stored < 0)
    git_set_extent (git, extent);
}

static bool
git_find (Git *git, bool *ret_stored, GError **error)
{
  GError *failure = NULL;
  bool found;

  if (git_has_mirror (git)) /* of another source from the same repository */
    return git_settle (git, error);
  if (!git_make_mirror (git, error))
    return false;
  found = git_try_stored (git, &failure);
  if (!found && !failure)
    found = (git->extent == EXTENT_ALL ? git_clone (git, &failure) : git_fetch_part (git, &failure)) &&
            git_settle (git, &failure);
  *ret_stored = !git->fetched;
  if (failure)
    g_propagate_error (error, failure);
  return found;
}

bool
git_fetch (Builder *builder, SourceEntry *wanted, const char **ret_how, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_auto (Git) git = { 0 };
  bool found;

  git_init (&git, builder, wanted->source, wanted->extent);
  git_prefer_whole (&git);
  found = git_find (&git, &wanted->is_stored, &failure);
  wanted->extent = git.extent;
  wanted->revision = found ? g_strdup (git.look->commit) : NULL;
  wanted->pointers = found ? g_strdup (git.look->pointers) : NULL;
  if (!found || !git_verify (&git, wanted, &failure))
    {
      git_drop_mirror (&git, NULL);
      g_propagate_error (error, g_steal_pointer (&failure));
      return false;
    }
  *ret_how = wanted->is_stored ? ", from the cache" : "";
  return true;
}

char *
git_read_signed (Builder *builder, const SourceEntry *wanted, GError **error)
{
  bool tag = g_strcmp0 (wanted->source->ref_kind, "tag") == 0;
  g_autofree char *revision = tag ? git_revision (wanted->source) : g_strdup (wanted->revision);
  const char *arguments[] = { "git", "-C", GIT_INSIDE_MIRROR, "cat-file", tag ? "tag" : "commit", revision, NULL };
  g_auto (Git) git = { 0 };
  char *text;

  git_init (&git, builder, wanted->source, wanted->extent);
  text = git_ask (&git, REACH_NOTHING, arguments, NULL, error);
  if (!text && !*error)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CHECKSUM_MISMATCH,
                 "The source %s must be signed, but its tag %s is a plain one, which has no signature",
                 wanted->source->name, wanted->source->ref);
  return text;
}

/* src/NAME/.git, of a mirror of one commit. */
static bool
git_copy_mirror (const Git *git, const char *url, const char *mirror, GError **error)
{
  g_autofree char *folder = g_build_filename ("src", git->source->name, NULL);
  g_autofree char *path = g_build_filename (folder, ".git", NULL);
  g_auto (Fd) fd = -1;
  int r;

  if (mkdirat (git->builder->work_fd, folder, 0755) == 0 && mkdirat (git->builder->work_fd, path, 0755) == 0)
    fd = file_open_beneath (git->builder->work_fd, path, O_RDONLY | O_DIRECTORY, 0);
  else
    fd = -errno;
  r = fd < 0 ? fd_steal (&fd) : git_copy_begin (fd, false, url);
  if (r < 0)
    return hive_error_set_errno (error, -r, "Cannot make a repository in %s", folder);
  return git_copy_commit (git, mirror, fd, error);
}

/* src/NAME, a repository that has what the mirror has. */
static bool
git_clone_mirror (const Git *git, const char *url, GError **error)
{
  const char *name = git->source->name;
  const char *clone[] = { "git", "clone", "--quiet", "--no-checkout", "--", GIT_INSIDE_MIRROR, name, NULL };
  const char *origin[] = { "git", "-C", name, "remote", "set-url", "origin", url, NULL };
  g_autofree char *mirror = git_mirror_path (git);

  if (git_copy_is_commit (mirror))
    return git_copy_mirror (git, url, mirror, error);
  return git_must (git, REACH_SRC, clone, "cloned", error) && git_must (git, REACH_SRC, origin, "named", error);
}

bool
git_checkout (Builder *builder, const SourceEntry *wanted, GError **error)
{
  const Source *source = wanted->source;
  g_autofree char *shown = fetch_redact (source->url);
  /* A branch of its own, as makepkg makes one; without a fragment, the repository's. */
  const char *branch[] = { "git",        "-C", source->name, "checkout",       "--quiet", "--force",
                           "--no-track", "-B", "makepkg",    wanted->revision, "--",      NULL };
  const char *head[] = { "git", "-C", source->name, "checkout", "--quiet", "--force", NULL };
  g_auto (Git) git = { 0 };

  git_init (&git, builder, source, wanted->extent);
  return git_clone_mirror (&git, shown, error) &&
         git_must (&git, REACH_SRC, source->ref ? branch : head, "checked out", error) &&
         git_lfs_fetch (&git, wanted->pointers, error);
}

bool
git_release (Builder *builder, const SourceEntry *wanted, GError **error)
{
  g_auto (Git) git = { 0 };

  git_init (&git, builder, wanted->source, wanted->extent);
  if (git_is_kept (&git) && !wanted->is_stored)
    return true;
  return git_drop_mirror (&git, error) && (!git_is_kept (&git) || git_make_mirror (&git, error));
}
