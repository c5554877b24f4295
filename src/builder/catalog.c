/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog.h"

#include "error.h"
#include "fetch.h"
#include "file.h"
#include "json.h"
#include "worker-id.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECIPE_MAX_SIZE (1024 * 1024)
#define FILE_SCHEME     "file://"

static bool
catalog_is_folder (const Configuration *configuration)
{
  return g_str_has_prefix (configuration->catalog_url, FILE_SCHEME);
}

bool
catalog_is_local (const Configuration *configuration)
{
  static const char *const loopback[] = { "localhost", "127.0.0.1", "::1", NULL };
  g_autoptr (GUri) uri = g_uri_parse (configuration->catalog_url, G_URI_FLAGS_NONE, NULL);
  const char *host = uri ? g_uri_get_host (uri) : NULL;

  return catalog_is_folder (configuration) || (host && g_strv_contains (loopback, host));
}

/* The folder of a file:// catalog, or a negative errno. */
static int
catalog_open_folder (const Configuration *configuration)
{
  g_autofree char *path = g_filename_from_uri (configuration->catalog_url, NULL, NULL);
  int fd = path ? open (path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

  return !path ? -EINVAL : fd < 0 ? -errno : fd;
}

/* A regular file of a file:// catalog by its URL, or a negative errno: -EXDEV and -ELOOP when it lies outside. */
static int
catalog_open (const Configuration *configuration, const char *url)
{
  const char *rest = url + strlen (configuration->catalog_url);
  g_autofree char *path = NULL;
  g_auto (Fd) folder = -1;
  g_auto (Fd) fd = -1;
  struct stat st;

  if (!g_str_has_prefix (url, configuration->catalog_url) || *rest != '/')
    return -EXDEV;
  path = g_uri_unescape_string (rest + 1, "/");
  if (!path)
    return -EINVAL;
  folder = catalog_open_folder (configuration);
  if (folder < 0)
    return folder;
  fd = file_open_beneath (folder, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
  if (fd < 0)
    return fd;
  if (fstat (fd, &st) < 0 || !S_ISREG (st.st_mode))
    return -EINVAL;
  return fd_steal (&fd);
}

static FetchResult
catalog_explain_open (const char *url, int errnum, char **ret_why)
{
  if (errnum == EXDEV || errnum == ELOOP)
    *ret_why = g_strdup_printf ("%s leads out of the catalog's folder", url);
  else if (errnum == EINVAL)
    *ret_why = g_strdup_printf ("%s is no regular file", url);
  else
    *ret_why = g_strdup_printf ("%s can't be opened: %s", url, g_strerror (errnum));
  return errnum == ENOENT || errnum == ENOTDIR ? FETCH_NOT_FOUND : FETCH_FAILED;
}

/* One file of the catalog, or one answer of its server. */
static FetchResult
catalog_read (const Configuration *configuration, const char *url, size_t max_size, GString **ret_content,
              char **ret_why)
{
  g_autoptr (GError) failure = NULL;
  g_auto (Fd) fd = -1;
  size_t size;
  char *text;

  if (!catalog_is_folder (configuration))
    return fetch_memory (&(Fetch){ .configuration = configuration,
                                   .url = url,
                                   .max_size = max_size,
                                   .timeout = configuration->catalog_timeout },
                         ret_content, ret_why);

  fd = catalog_open (configuration, url);
  if (fd < 0)
    return catalog_explain_open (url, -fd, ret_why);
  text = file_read_fd (fd, max_size, url, &size, &failure);
  if (!text)
    {
      *ret_why = g_strdup (failure->message);
      return failure->code == HIVE_ERROR_INVALID_ARGUMENT ? FETCH_TOO_LARGE : FETCH_FAILED;
    }
  *ret_content = g_string_new_len (text, size);
  g_free (text);
  return FETCH_OK;
}

/* What came of reading something that must be there. */
static bool
catalog_set_error (FetchResult result, const char *why, GError **error)
{
  if (result == FETCH_NO_SANDBOX)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_SANDBOX_UNAVAILABLE, why);
  else if (result == FETCH_TOO_LARGE)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_INVALID,
                 "The catalog's answer is too large: %s (MaxSize= in hive.conf)", why);
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_UNAVAILABLE,
                 "The catalog can't be read: %s; see URL= in hive.conf, and the network", why);
  return false;
}

/* A folder that is not there is no catalog without workers. */
static bool
catalog_check_folder (const Configuration *configuration, GError **error)
{
  g_auto (Fd) folder = catalog_is_folder (configuration) ? catalog_open_folder (configuration) : -1;

  if (folder >= 0 || !catalog_is_folder (configuration))
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_UNAVAILABLE,
               "The catalog's folder can't be opened: %s: %s; see URL= in hive.conf", configuration->catalog_url,
               g_strerror (-folder));
  return false;
}

static char *
catalog_entry_url (const Configuration *configuration, const char *id)
{
  return g_strdup_printf ("%s/workers/%s%s", configuration->catalog_url, id,
                          catalog_is_folder (configuration) ? "/worker.json" : "");
}

CatalogEntry *
catalog_get (const Configuration *configuration, const char *id, const char *backend, GError **error)
{
  g_autofree char *url = catalog_entry_url (configuration, id);
  g_autofree char *shown = fetch_redact (configuration->catalog_url);
  g_autofree char *why = NULL;
  g_autoptr (GString) content = NULL;
  g_autoptr (JsonObject) object = NULL;
  FetchResult result;

  if (!catalog_check_folder (configuration, error))
    return NULL;
  result = catalog_read (configuration, url, configuration->catalog_max_size, &content, &why);
  if (result == FETCH_NOT_FOUND)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_WORKER_NOT_FOUND,
                   "No worker \"%s\" in the catalog at %s; hivectl catalog lists what there is", id, shown);
      return NULL;
    }
  if (result != FETCH_OK)
    {
      catalog_set_error (result, why, error);
      return NULL;
    }
  object = json_parse_object (content->str, content->len, url, HIVE_ERROR_CATALOG_INVALID, error);
  return object ? catalog_entry_from_json (object, id, backend, error) : NULL;
}

/* Adds an entry to the list, or why it is not in it. */
static void
catalog_list_add (JsonObject *list, const char *id, CatalogEntry *entry, const GError *failure)
{
  JsonObject *skipped;

  if (entry)
    {
      json_array_add_object_element (json_object_get_array_member (list, "workers"), catalog_entry_to_json (entry));
      return;
    }
  skipped = json_object_new ();
  json_object_set_string_member (skipped, "id", id);
  json_object_set_string_member (skipped, "message", failure->message);
  json_array_add_object_element (json_object_get_array_member (list, "skipped"), skipped);
}

static JsonObject *
catalog_list_new (void)
{
  JsonObject *list = json_object_new ();

  json_object_set_array_member (list, "workers", json_array_new ());
  json_object_set_array_member (list, "skipped", json_array_new ());
  return list;
}

static int
compare_names (const void *a, const void *b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

/* The folders of a file:// catalog that hold an entry. */
static JsonObject *
catalog_list_folder (const Configuration *configuration, GError **error)
{
  g_autoptr (JsonObject) list = catalog_list_new ();
  g_autofree char *path = g_filename_from_uri (configuration->catalog_url, NULL, NULL);
  g_autofree char *workers = path ? g_build_filename (path, "workers", NULL) : NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) folder = NULL;
  const char *name;

  if (!catalog_check_folder (configuration, error))
    return NULL;
  folder = g_dir_open (workers, 0, NULL);
  if (!folder)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_UNAVAILABLE, "The catalog at %s has no folder \"workers\"",
                   configuration->catalog_url);
      return NULL;
    }
  while ((name = g_dir_read_name (folder)))
    if (worker_id_is_valid (name))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);

  for (guint i = 0; i < names->len; i++)
    {
      g_autoptr (GError) failure = NULL;
      g_autoptr (CatalogEntry) entry = catalog_get (configuration, names->pdata[i], NULL, &failure);

      if (entry || failure->code != HIVE_ERROR_WORKER_NOT_FOUND)
        catalog_list_add (list, names->pdata[i], entry, failure);
    }
  return g_steal_pointer (&list);
}

/* {"workers":[…]} */
static JsonObject *
catalog_list_answer (JsonObject *answer, const char *url, GError **error)
{
  g_autoptr (JsonObject) list = catalog_list_new ();
  JsonNode *node = json_object_get_member (answer, "workers");
  JsonArray *workers = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  if (!workers)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_INVALID, "%s is no catalog: \"workers\" must be an array",
                   url);
      return NULL;
    }

  for (guint i = 0; i < json_array_get_length (workers); i++)
    {
      JsonNode *element = json_array_get_element (workers, i);
      JsonObject *object = JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element) : NULL;
      g_autoptr (GError) failure = NULL;
      g_autoptr (CatalogEntry) entry = object ? catalog_entry_from_json (object, NULL, NULL, &failure) : NULL;

      if (!object)
        g_set_error (&failure, HIVE_ERROR, HIVE_ERROR_CATALOG_INVALID, "Entry %u of the list is not an object", i);
      catalog_list_add (list, object ? json_get_string (object, "id", "") : "", entry, failure);
    }
  return g_steal_pointer (&list);
}

JsonObject *
catalog_list (const Configuration *configuration, GError **error)
{
  g_autofree char *url = g_strconcat (configuration->catalog_url, "/workers", NULL);
  g_autofree char *why = NULL;
  g_autoptr (GString) content = NULL;
  g_autoptr (JsonObject) answer = NULL;
  FetchResult result;

  if (catalog_is_folder (configuration))
    return catalog_list_folder (configuration, error);

  result = catalog_read (configuration, url, configuration->catalog_max_size, &content, &why);
  if (result != FETCH_OK)
    {
      catalog_set_error (result, why, error);
      return NULL;
    }
  answer = json_parse_object (content->str, content->len, url, HIVE_ERROR_CATALOG_INVALID, error);
  return answer ? catalog_list_answer (answer, url, error) : NULL;
}

/* Which of the entry's recipes; NULL and @error when it has none of that kind. */
static const char *
catalog_choose_recipe (const CatalogEntry *entry, const char *source, GError **error)
{
  bool prebuilt = entry->pkgbuild_url && *entry->pkgbuild_url;
  bool git = entry->pkgbuild_url_git && *entry->pkgbuild_url_git;

  /* The snake_case format has one recipe, which builds from source. */
  if (!entry->pkgbuild_url_git && (!source || g_str_equal (source, "git")))
    return prebuilt ? entry->pkgbuild_url : "";
  if (entry->pkgbuild_url_git && prebuilt && (!source || g_str_equal (source, "binary")))
    return entry->pkgbuild_url;
  if (git && (!source || g_str_equal (source, "git")))
    return entry->pkgbuild_url_git;

  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "The catalog has no %s recipe of the worker \"%s\"; it has: %s", source ? source : "", entry->id,
               git || !entry->pkgbuild_url_git ? "git" :
               prebuilt                        ? "binary" :
                                                 "none");
  return NULL;
}

/* A recipe lies in its catalog, or, when that is a server, on another one. */
static char *
catalog_recipe_url (const Configuration *configuration, const CatalogEntry *entry, const char *written, GError **error)
{
  const char *base = configuration->catalog_url;
  g_autofree char *scheme = g_uri_parse_scheme (written);

  if (!*written)
    return g_strdup_printf ("%s/workers/%s/PKGBUILD", base, entry->id);
  if (!scheme)
    return g_strconcat (base, *written == '/' ? "" : "/", written, NULL);
  if (catalog_is_folder (configuration) ? g_str_has_prefix (written, base) && written[strlen (base)] == '/' :
                                          g_str_equal (scheme, "http") || g_str_equal (scheme, "https"))
    return g_strdup (written);

  g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_INVALID,
               "The catalog's entry \"%s\" is invalid: \"pkgbuild_url\" is %s, which is not in a %s catalog's reach",
               entry->id, written, catalog_is_folder (configuration) ? "file" : "web");
  return NULL;
}

char *
catalog_get_recipe (const Configuration *configuration, const CatalogEntry *entry, const char *source, char **ret_url,
                    GError **error)
{
  const char *written = catalog_choose_recipe (entry, source, error);
  g_autofree char *url = written ? catalog_recipe_url (configuration, entry, written, error) : NULL;
  g_autofree char *why = NULL;
  g_autoptr (GString) content = NULL;
  FetchResult result;

  if (!url)
    return NULL;
  result = catalog_read (configuration, url, RECIPE_MAX_SIZE, &content, &why);
  if (result == FETCH_TOO_LARGE)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "The PKGBUILD is too large: %s", why);
  else if (result == FETCH_NO_SANDBOX)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_SANDBOX_UNAVAILABLE, why);
  else if (result != FETCH_OK)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_UNAVAILABLE, "The PKGBUILD can't be read: %s", why);
  else if (memchr (content->str, 0, content->len) || !g_utf8_validate_len (content->str, content->len, NULL))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "The PKGBUILD at %s is no text in UTF-8", url);
  else
    {
      *ret_url = g_steal_pointer (&url);
      return g_string_free (g_steal_pointer (&content), FALSE);
    }
  return NULL;
}

static bool
catalog_copy_file (const Configuration *configuration, const char *url, const char *name, int fd, const char *target,
                   GError **error)
{
  g_autofree char *buffer = g_malloc (256 * 1024);
  g_autofree char *why = NULL;
  g_auto (Fd) from = catalog_open (configuration, url);
  uint64_t total = 0;
  ssize_t n;
  int r;

  if (from < 0)
    {
      catalog_explain_open (url, -from, &why);
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "The source %s is not beside the PKGBUILD: %s",
                   name, why);
      return false;
    }
  while ((n = read (from, buffer, 256 * 1024)) != 0)
    {
      if (n < 0)
        return hive_error_set_errno (error, errno, "Can't read %s", url);
      if (!sandbox_check_cancelled (error))
        return false;
      total += n;
      if (total > configuration->max_download_size)
        return fetch_set_source_error (FETCH_TOO_LARGE, url, target, error);
      r = file_write_all (fd, buffer, n);
      if (r < 0)
        return hive_error_set_errno (error, -r, "Can't write %s", target);
    }
  return true;
}

bool
catalog_copy_source (const Configuration *configuration, const char *recipe_url, const char *name, int fd,
                     const char *target, GError **error)
{
  g_autofree char *folder = g_strndup (recipe_url, strrchr (recipe_url, '/') - recipe_url);
  g_autofree char *escaped = g_uri_escape_string (name, "/", TRUE);
  g_autofree char *url = g_strdup_printf ("%s/%s", folder, escaped);
  g_autofree char *why = NULL;
  FetchResult result;

  if (catalog_is_folder (configuration))
    return catalog_copy_file (configuration, url, name, fd, target, error);

  result = fetch_file (&(Fetch){ .configuration = configuration,
                                 .url = url,
                                 .max_size = configuration->max_download_size,
                                 .timeout = configuration->download_timeout },
                       fd, &why);
  return result == FETCH_OK || fetch_set_source_error (result, why, target, error);
}
