/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "worker-id.h"

/* The folder of a file:// catalog, or a negative errno. */
static int
catalog_folder_open_root (const CatalogConfiguration *catalog)
{
  g_autofree char *path = g_filename_from_uri (catalog->url, NULL, NULL);
  int fd = path ? open (path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

  return !path ? -EINVAL : fd < 0 ? -errno : fd;
}

/* A regular file of a file:// catalog by its URL, or a negative errno: -EXDEV and -ELOOP when it lies outside. */
static int
catalog_folder_open (const CatalogConfiguration *catalog, const char *url)
{
  const char *rest = url + strlen (catalog->url);
  g_autofree char *path = NULL;
  g_auto (Fd) folder = -1;
  g_auto (Fd) fd = -1;
  struct stat st;

  if (!g_str_has_prefix (url, catalog->url) || *rest != '/')
    return -EXDEV;
  path = g_uri_unescape_string (rest + 1, "/");
  if (!path)
    return -EINVAL;
  folder = catalog_folder_open_root (catalog);
  if (folder < 0)
    return folder;
  fd = file_open_beneath (folder, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
  if (fd < 0)
    return fd;
  if (fstat (fd, &st) < 0 || !S_ISREG (st.st_mode))
    return -EINVAL;
  return fd_steal (&fd);
}

/* What to do about a file that is there and closed: a folder in a home often is. */
static char *
catalog_folder_advice (const CatalogConfiguration *catalog, int errnum)
{
  g_autofree char *path = g_filename_from_uri (catalog->url, NULL, NULL);

  return errnum == EACCES && path ?
             g_strdup_printf (N_ (". Jobs run as users of their own: let each read the catalog (chmod -R a+rX %s), "
                                  "and enter the folders above it"),
                              path) :
             g_strdup ("");
}

static FetchResult
catalog_folder_explain (const CatalogConfiguration *catalog, const char *url, int errnum, char **ret_why)
{
  g_autofree char *advice = catalog_folder_advice (catalog, errnum);

  if (errnum == EXDEV || errnum == ELOOP)
    *ret_why = g_strdup_printf (N_ ("%s leads out of the catalog's folder"), url);
  else if (errnum == EINVAL)
    *ret_why = g_strdup_printf (N_ ("%s is not a regular file"), url);
  else
    *ret_why = g_strdup_printf (N_ ("%s cannot be opened: %s%s"), url, g_strerror (errnum), advice);
  return errnum == ENOENT || errnum == ENOTDIR ? FETCH_NOT_FOUND : FETCH_FAILED;
}

bool
catalog_folder_check (const CatalogConfiguration *catalog, GError **error)
{
  g_auto (Fd) folder = catalog_folder_open_root (catalog);
  g_autofree char *why = NULL;

  if (folder >= 0)
    return true;
  if (folder == -EACCES)
    {
      catalog_folder_explain (catalog, catalog->url, EACCES, &why);
      g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_CATALOG_UNAVAILABLE, why);
    }
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_UNAVAILABLE,
                 N_ ("The catalog's folder cannot be opened: %s: %s; see URL= in hive.conf"), catalog->url,
                 g_strerror (-folder));
  return false;
}

FetchResult
catalog_folder_read (const CatalogConfiguration *catalog, const char *url, size_t max_size, GString **ret_content,
                     char **ret_why)
{
  g_autoptr (GError) failure = NULL;
  g_auto (Fd) fd = catalog_folder_open (catalog, url);
  g_autofree char *text = NULL;
  size_t size;

  if (fd < 0)
    return catalog_folder_explain (catalog, url, -fd, ret_why);
  text = file_read_fd (fd, max_size, url, &size, &failure);
  if (text)
    {
      *ret_content = g_string_new_len (text, size);
      return FETCH_OK;
    }
  *ret_why = g_strdup (failure->message);
  return failure->code == HIVE_ERROR_INVALID_ARGUMENT ? FETCH_TOO_LARGE : FETCH_FAILED;
}

static int
compare_names (const void *a, const void *b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

/* A worker whose name is not an id is to be missed, and not to be passed over in silence. */
static bool
holds_entry (const char *workers, const char *name)
{
  g_autofree char *entry = g_build_filename (workers, name, "worker.json", NULL);

  return *name != '.' && g_file_test (entry, G_FILE_TEST_EXISTS);
}

char **
catalog_folder_ids (const CatalogConfiguration *catalog, GError **error)
{
  g_autofree char *path = g_filename_from_uri (catalog->url, NULL, NULL);
  g_autofree char *workers = path ? g_build_filename (path, "workers", NULL) : NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) failure = NULL;
  g_autoptr (GDir) folder = NULL;
  g_autofree char *why = NULL;
  const char *name;

  if (!catalog_folder_check (catalog, error))
    return NULL;
  folder = g_dir_open (workers, 0, &failure);
  if (!folder && g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_ACCES))
    {
      catalog_folder_explain (catalog, workers, EACCES, &why);
      g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_CATALOG_UNAVAILABLE, why);
      return NULL;
    }
  if (!folder)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_UNAVAILABLE, "The catalog at %s has no folder \"workers\"",
                   catalog->url);
      return NULL;
    }
  while ((name = g_dir_read_name (folder)))
    if (worker_id_is_valid (name) || holds_entry (workers, name))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

bool
catalog_folder_copy (const CatalogConfiguration *catalog, const char *url, const char *name, uint64_t max_size, int fd,
                     const char *target, GError **error)
{
  g_autofree char *buffer = g_malloc (256 * 1024);
  g_autofree char *why = NULL;
  g_auto (Fd) from = catalog_folder_open (catalog, url);
  uint64_t total = 0;
  ssize_t n;
  int r;

  if (from < 0)
    {
      catalog_folder_explain (catalog, url, -from, &why);
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "The source %s is not beside the PKGBUILD: %s",
                   name, why);
      return false;
    }
  while ((n = read (from, buffer, 256 * 1024)) != 0)
    {
      if (n < 0)
        return hive_error_set_errno (error, errno, "Cannot read %s", url);
      if (!sandbox_check_cancelled (error))
        return false;
      total += n;
      if (total > max_size)
        return fetch_set_source_error (FETCH_TOO_LARGE, url, target, error);
      r = file_write_all (fd, buffer, n);
      if (r < 0)
        return hive_error_set_errno (error, -r, "Cannot write %s", target);
    }
  return true;
}
