/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "delivery.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "folder.h"

#define RECORD_MAX 128

void
delivery_clear (Delivery *delivery)
{
  g_clear_pointer (&delivery->path, g_free);
  g_clear_pointer (&delivery->below, g_free);
  fd_clear (&delivery->base);
}

/* Where @path lies below @folder; NULL: elsewhere. */
static const char *
path_below (const char *path, const char *folder)
{
  size_t length = g_str_has_suffix (folder, "/") ? strlen (folder) - 1 : strlen (folder);

  return strncmp (path, folder, length) == 0 && path[length] == '/' && path[length + 1] ? path + length + 1 : NULL;
}

/* The folder as it is now. A descriptor or a negative errno: -ENOENT, -ELOOP through a link. */
static int
delivery_open (const Delivery *delivery)
{
  return file_open_beneath (delivery->base, delivery->below, O_RDONLY | O_DIRECTORY, 0);
}

static bool
delivery_explain (const Delivery *delivery, int errnum, GError **error)
{
  if (errnum != ELOOP && errnum != ENOTDIR)
    return hive_error_set_errno (error, errnum, "Cannot open %s", delivery->path);
  g_set_error (
      error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
      "%s is a link, or is reached by one, or is not a folder, and trees are left in none such: remove it, or name "
      "another folder with --output",
      delivery->path);
  return false;
}

bool
delivery_init (Delivery *delivery, const Configuration *configuration, int recipe, const char *recipe_path,
               const char *output, GError **error)
{
  g_autofree char *outer = NULL;
  g_auto (Fd) fd = -1;

  delivery->configuration = configuration;
  delivery->named = output != NULL;
  delivery->path = output ? g_canonicalize_filename (output, NULL) : g_build_filename (recipe_path, "pkg", NULL);
  if (path_below (delivery->path, recipe_path))
    {
      delivery->below = g_strdup (path_below (delivery->path, recipe_path));
      delivery->base = fcntl (recipe, F_DUPFD_CLOEXEC, 0);
    }
  else
    {
      outer = g_path_get_dirname (delivery->path);
      delivery->below = g_path_get_basename (delivery->path);
      if (!file_make_directories (outer, error))
        return false;
      delivery->base = open (outer, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
  if (delivery->base < 0)
    return hive_error_set_errno (error, errno, "Cannot open the folder of %s", delivery->path);
  fd = delivery_open (delivery);
  return fd >= 0 || fd == -ENOENT || delivery_explain (delivery, -fd, error);
}

/* Tells one folder from all others, also from one that later has its name. NULL: there is none of that name. */
static char *
tree_identity (int folder, const char *name)
{
  struct statx st;

  if (statx (folder, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_INO | STATX_BTIME, &st) < 0 ||
      !S_ISDIR (st.stx_mode))
    return NULL;
  return g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT ".%09u\n", (guint64)st.stx_ino,
                          (gint64)st.stx_btime.tv_sec, st.stx_btime.tv_nsec);
}

/* Where it is noted which folder a build left as @name: with the caller's own files, since a checkout may bring along
 * any that lie in it. */
static char *
delivery_record (const Delivery *delivery, const char *name)
{
  g_autofree char *path = g_build_filename (delivery->path, name, NULL);
  g_autofree char *key = g_compute_checksum_for_string (G_CHECKSUM_SHA256, path, -1);

  return configuration_cache_path (delivery->configuration, "built", key, NULL);
}

static bool
delivery_check_in (const Delivery *delivery, int folder, const char *name, GError **error)
{
  g_autofree char *record = delivery_record (delivery, name);
  g_autofree char *left = delivery->named ? NULL : file_read (record, RECORD_MAX, NULL, NULL);
  g_autofree char *there = tree_identity (folder, name);
  struct stat st;

  if (fstatat (folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
    return true;
  if (left && there && g_str_equal (left, there))
    return true;
  if (delivery->named)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                 "%s/%s exists: remove it, or name another folder with --output", delivery->path, name);
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                 "%s/%s exists, and no build of yours is known to have left it: remove it, or name another folder with "
                 "--output",
                 delivery->path, name);
  return false;
}

bool
delivery_check (const Delivery *delivery, const char *name, GError **error)
{
  g_auto (Fd) folder = delivery_open (delivery);

  if (folder == -ENOENT)
    return true;
  return folder < 0 ? delivery_explain (delivery, -folder, error) : delivery_check_in (delivery, folder, name, error);
}

/* The folder, made where it is missing, and those above it. */
static int
delivery_make (const Delivery *delivery)
{
  g_auto (GStrv) parts = g_strsplit (delivery->below, "/", -1);
  g_auto (Fd) folder = fcntl (delivery->base, F_DUPFD_CLOEXEC, 0);

  for (char **part = parts; *part && folder >= 0; part++)
    {
      int inner = mkdirat (folder, *part, 0755) < 0 && errno != EEXIST ? -errno : 0;

      if (inner == 0)
        inner = file_open_beneath (folder, *part, O_RDONLY | O_DIRECTORY, 0);
      fd_clear (&folder);
      folder = inner;
    }
  return fd_steal (&folder);
}

/* Copies a tree to another file system. */
static bool
tree_copy (int work, const char *from, int folder, const char *name)
{
  g_autofree char *there = g_strdup_printf ("/proc/self/fd/%d", folder);
  g_autofree char *source = g_strdup_printf ("/proc/%d/fd/%d/%s", (int)getpid (), work, from);
  const char *const copy[] = { "cp", "-a", "-T", "--", source, name, NULL };
  int status;

  return g_spawn_sync (there, (char **)copy, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL) &&
         status == 0;
}

bool
delivery_put (const Delivery *delivery, int work, const char *from, const char *name, GError **error)
{
  g_auto (Fd) folder = delivery_make (delivery);
  g_autofree char *record = delivery_record (delivery, name);
  g_autofree char *records = g_path_get_dirname (record);
  g_autofree char *identity = NULL;
  int r;

  if (folder < 0)
    return delivery_explain (delivery, -folder, error);
  if (!delivery_check_in (delivery, folder, name, error) || !file_make_directories (records, error))
    return false;
  r = folder_remove (folder, name);
  if (r < 0)
    return hive_error_set_errno (error, -r, "Cannot replace %s/%s", delivery->path, name);
  r = renameat (work, from, folder, name) < 0 ? -errno : 0;
  if (r < 0 && (r != -EXDEV || !tree_copy (work, from, folder, name)))
    return hive_error_set_errno (error, -r, "Cannot move the package to %s/%s", delivery->path, name);
  identity = tree_identity (folder, name);
  return !identity || file_replace (record, identity, -1, false, error);
}
