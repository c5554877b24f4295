/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "builder.h"
#include "catalog.h"
#include "checksum.h"
#include "file.h"
#include "recipe-files.h"
#include "size.h"

/* startdir holds mount points for the folders that a step may write. What run.bash keeps lies in the last one. */
static bool
pkgbuild_make_folders (Builder *builder, GError **error)
{
  static const char *const folders[] = { "start", "start/src", "start/pkg", "start/home",
                                         "src",   "pkg",       "home",      "home/.rbee-hive" };

  for (size_t i = 0; i < G_N_ELEMENTS (folders); i++)
    if (mkdirat (builder->work_fd, folders[i], 0755) < 0)
      return hive_error_set_errno (error, errno, "Cannot make %s/%s", builder->request->work, folders[i]);
  return true;
}

static bool
pkgbuild_store (Builder *builder, const char *text, size_t size, GError **error)
{
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, "start/PKGBUILD", O_WRONLY | O_CREAT | O_EXCL, 0644);
  int r = fd < 0 ? fd : file_write_all (fd, text, size);

  return r >= 0 || hive_error_set_errno (error, -r, "Cannot write %s/start/PKGBUILD", builder->request->work);
}

bool
pkgbuild_take (Builder *builder, const char *text, GError **error)
{
  if (!pkgbuild_make_folders (builder, error) || !pkgbuild_store (builder, text, strlen (text), error))
    return false;
  builder->recipe_sha256 = checksum_of_text (CHECKSUM_SHA256, text, strlen (text));
  return true;
}

bool
pkgbuild_run (Builder *builder, GError **error)
{
  g_autofree char *text = NULL;
  g_autofree char *size = NULL;

  if (builder->request->files)
    {
      text = recipe_files_text (builder, error);
      return text && pkgbuild_take (builder, text, error);
    }
  log_writer_note (builder->log, "pkgbuild", "📄 Downloading PKGBUILD...");
  builder->catalog->phase = "pkgbuild";
  text = catalog_get_recipe (builder->catalog, builder->entry, builder->request->source, &builder->recipe_url, error);
  if (!text || !pkgbuild_take (builder, text, error))
    return false;
  size = size_to_string (strlen (text));
  log_writer_note (builder->log, "pkgbuild", "✓ PKGBUILD downloaded (%s)", size);
  return true;
}
