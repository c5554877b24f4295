/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "build-record.h"
#include "builder.h"
#include "catalog.h"
#include "download.h"
#include "fetch.h"
#include "file.h"
#include "git-extent.h"
#include "git.h"
#include "mirror.h"
#include "repository.h"
#include "signature.h"
#include "site.h"
#include "size.h"
#include "source-entry.h"

/* A file beside the recipe, to start/NAME. */
static int
sources_copy_local (Builder *builder, const SourceEntry *wanted, GError **error)
{
  g_autofree char *path = g_build_filename ("start", wanted->source->name, NULL);
  g_autofree char *target = g_build_filename (builder->request->work, path, NULL);
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, path, O_RDWR | O_CREAT | O_EXCL, 0644);

  if (fd < 0)
    {
      hive_error_set_errno (error, -fd, "Cannot write %s", target);
      return -1;
    }
  return catalog_copy_source (builder->catalog, builder->recipe_url, wanted->source->name, fd, target, error) &&
                 source_entry_verify (wanted, fd, error) ?
             fd_steal (&fd) :
             -1;
}

static bool
sources_fetch_file (Builder *builder, SourceEntry *wanted, GError **error)
{
  const char *how = "";
  g_auto (Fd) fd = wanted->source->kind == SOURCE_LOCAL ? sources_copy_local (builder, wanted, error) :
                                                          download_fetch (builder, wanted, &how, error);
  g_autofree char *told = source_entry_describe_sums (wanted);
  g_autofree char *size = NULL;
  g_autofree char *instead = NULL;
  struct stat st;

  if (fd < 0)
    return false;
  if (fstat (fd, &st) < 0)
    return hive_error_set_errno (error, errno, "Cannot look at %s", wanted->source->name);
  size = size_to_string (st.st_size);
  log_writer_note (builder->log, "sources", "✓ Source: %s (%s, %s%s)", wanted->source->name, size, told, how);
  if (wanted->source->kind == SOURCE_DOWNLOAD && !source_entry_is_summed (wanted))
    instead = source_entry_guess (wanted, fd);
  if (instead)
    log_writer_note (builder->log, "sources", "⚠ As %s the server sent %s", wanted->source->name, instead);
  return true;
}

static bool
sources_fetch_repository (Builder *builder, SourceEntry *wanted, GError **error)
{
  g_autofree char *what = source_describe (wanted->source);
  g_autofree char *told = source_entry_describe_sums (wanted);
  bool summed = source_entry_is_summed (wanted);
  const char *how = "";

  if (wanted->source->kind == SOURCE_GIT ? !git_fetch (builder, wanted, &how, error) :
      wanted->source->kind == SOURCE_SVN ? !svn_fetch (builder, wanted->source, error) :
                                           !hg_fetch (builder, wanted->source, error))
    return false;
  log_writer_note (builder->log, "sources", "✓ Source: %s (%s%s%s%s)", wanted->source->name, what, summed ? ", " : "",
                   summed ? told : "", how);
  return true;
}

/* Where the site has it, it is fetched from there; what it must be is as the recipe says. */
static void
sources_use_mirror (Builder *builder, Source *source)
{
  g_autofree char *shown = NULL;
  g_autofree char *mirror = NULL;

  source->mirror = source->url ? mirrors_rewrite (builder->configuration->mirrors, source->url) : NULL;
  if (!source->mirror)
    return;
  shown = fetch_redact (source->url);
  mirror = fetch_redact (source->mirror);
  log_writer_note (builder->log, "sources", "⇄ %s: %s instead of %s ([Mirror] in hive.conf)", source->name, mirror,
                   shown);
}

static void
sources_record (Builder *builder, const SourceEntry *wanted)
{
  JsonObject *sums = json_object_new ();

  for (ChecksumKind kind = 0; kind < CHECKSUM_KINDS; kind++)
    if (wanted->sums[kind])
      json_object_set_string_member (sums, checksum_name (kind), wanted->sums[kind]);
  build_record_add_source (builder, wanted->source->name, wanted->source->url, sums, wanted->revision);
}

static bool
sources_fetch (Builder *builder, SourceEntry *wanted, GError **error)
{
  sources_use_mirror (builder, wanted->source);
  if (source_is_repository (wanted->source) ? !sources_fetch_repository (builder, wanted, error) :
                                              !sources_fetch_file (builder, wanted, error))
    return false;
  sources_record (builder, wanted);
  if (source_entry_is_weak (wanted))
    {
      g_autofree char *told = source_entry_describe_sums (wanted);

      log_writer_note (builder->log, "sources", "⚠ %s is checked by %s alone, which can be forged",
                       wanted->source->name, told);
    }
  return true;
}

/* A link in srcdir, as makepkg makes one; an archive before it may have had a file of that name. */
static bool
sources_place_file (Builder *builder, const Source *source, GError **error)
{
  g_autofree char *link = g_build_filename ("src", source->name, NULL);
  g_autofree char *path = g_build_filename ("start", source->name, NULL);
  g_autofree char *target = g_build_filename ("..", source->name, NULL);
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, path, O_RDONLY, 0);

  if (fd < 0)
    return hive_error_set_errno (error, -fd, "Cannot open %s", path);
  if ((unlinkat (builder->work_fd, link, 0) < 0 && errno != ENOENT) || symlinkat (target, builder->work_fd, link) < 0)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "The source %s cannot be put into srcdir: %s",
                   source->name, g_strerror (errno));
      return false;
    }
  return archive_extract (builder, source, fd, error);
}

static bool
sources_place (Builder *builder, const SourceEntry *wanted, GError **error)
{
  if (!source_is_repository (wanted->source))
    return sources_place_file (builder, wanted->source, error);
  return wanted->source->kind != SOURCE_GIT || git_checkout (builder, wanted, error);
}

static bool
sources_release (Builder *builder, const SourceEntry *wanted, GError **error)
{
  return wanted->source->kind != SOURCE_GIT || git_release (builder, wanted, error);
}

static void
sources_set_extents (Builder *builder, GPtrArray *all)
{
  unsigned repositories = 0;

  for (guint i = 0; i < all->len; i++)
    repositories += ((SourceEntry *)all->pdata[i])->source->kind == SOURCE_GIT;
  for (guint i = 0; i < all->len; i++)
    {
      SourceEntry *wanted = all->pdata[i];

      if (wanted->source->kind == SOURCE_GIT)
        wanted->extent = git_extent_of_recipe (builder, wanted->source, repositories == 1);
    }
}

/* Files first: a script among them may ask a repository for its history. Then whole repositories: another source may be
 * a part of one. */
static bool
sources_fetch_all (Builder *builder, GPtrArray *all, GError **error)
{
  for (unsigned pass = 0; pass < 3; pass++)
    {
      for (guint i = 0; i < all->len; i++)
        {
          SourceEntry *wanted = all->pdata[i];
          unsigned turn = wanted->source->kind != SOURCE_GIT ? 0 : wanted->extent == EXTENT_ALL ? 1 : 2;

          if (turn == pass && !sources_fetch (builder, wanted, error))
            return false;
        }
      if (pass == 0)
        sources_set_extents (builder, all);
    }
  return true;
}

/* Nothing is unpacked before all is fetched and checked. */
bool
sources_run (Builder *builder, GError **error)
{
  g_autoptr (GPtrArray) all = source_entry_collect (builder->recipe, error);

  if (!all)
    return false;
  site_tell (builder);
  if (!sources_fetch_all (builder, all, error))
    return false;
  if (!signature_check (builder, all, error))
    return false;
  for (guint i = 0; i < all->len; i++)
    if (!sources_place (builder, all->pdata[i], error))
      return false;
  for (guint i = 0; i < all->len; i++)
    if (!sources_release (builder, all->pdata[i], error))
      return false;
  return true;
}
