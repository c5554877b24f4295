/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recipe-files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"

#define FOLDER "recipe" /* in the work directory */

void
recipe_files_announce (Configuration *configuration, const JobRequest *request)
{
  g_autofree char *folder = g_build_filename (request->work, FOLDER, NULL);

  g_ptr_array_set_size (configuration->catalogs, 0);
  g_ptr_array_add (configuration->catalogs, catalog_configuration_of_folder (folder));
}

/* The daemon has looked at the name; the kernel holds it below the folder all the same. */
static bool
file_write (int folder, const char *name, const char *text, GError **error)
{
  g_autofree guchar *content = NULL;
  g_auto (Fd) fd = -1;
  gsize size;
  int r = 0;

  for (const char *slash = strchr (name, '/'); slash; slash = strchr (slash + 1, '/'))
    {
      g_autofree char *above = g_strndup (name, (gsize)(slash - name));

      if (mkdirat (folder, above, 0755) < 0 && errno != EEXIST)
        return hive_error_set_errno (error, errno, "Cannot make the folder %s of the recipe", above);
    }
  content = g_base64_decode (text, &size);
  fd = file_open_beneath (folder, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
  r = fd < 0 ? fd : file_write_all (fd, (const char *)content, size);
  return r >= 0 || hive_error_set_errno (error, -r, "Cannot write the recipe's file %s", name);
}

static bool
recipe_files_write (const Builder *builder, GError **error)
{
  JsonObject *files = builder->request->files;
  g_autoptr (GList) names = json_object_get_members (files);
  g_auto (Fd) folder = -1;

  if (mkdirat (builder->work_fd, FOLDER, 0755) < 0 ||
      (folder = openat (builder->work_fd, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
    return hive_error_set_errno (error, errno, "Cannot make %s/%s", builder->request->work, FOLDER);
  for (GList *name = names; name; name = name->next)
    if (!file_write (folder, name->data, json_object_get_string_member (files, name->data), error))
      return false;
  return true;
}

static CatalogEntry *
entry_new (const char *id)
{
  CatalogEntry *entry = g_new0 (CatalogEntry, 1);
  char *any[] = { (char *)"any", NULL };

  entry->id = g_strdup (id);
  entry->name = g_strdup (id);
  entry->version = g_strdup ("");
  entry->description = g_strdup ("");
  entry->license = g_strdup ("");
  entry->worker_type = g_strdup ("");
  entry->binary_name = g_strdup (id);
  entry->install_path = g_strdup ("/usr/local/bin");
  entry->platforms = g_strdupv (any);
  entry->architectures = g_strdupv (any);
  entry->features = g_new0 (char *, 1);
  return entry;
}

bool
recipe_files_take (Builder *builder, GError **error)
{
  const char *origin = builder->request->origin;
  const CatalogConfiguration *own = builder->configuration->catalogs->pdata[0];

  log_writer_note (builder->log, "metadata", "📦 Taking the recipe that was handed over%s%s...",
                   origin && *origin ? ": " : "", origin ? origin : "");
  builder->machine = machine_new (devices_load (builder->configuration, NULL));
  builder->search = catalog_search_new (builder->configuration, NULL, builder->machine);
  builder->catalog = catalog_search_open (builder->search, own);
  builder->entry = entry_new (builder->request->worker_id);
  builder->source = g_strdup ("recipe");
  builder->recipe_url = g_strconcat (own->url, "/PKGBUILD", NULL);
  return recipe_files_write (builder, error);
}

char *
recipe_files_text (const Builder *builder, GError **error)
{
  JsonObject *files = builder->request->files;
  g_autofree char *text = NULL;
  gsize size;

  text = (char *)g_base64_decode (json_object_get_string_member_with_default (files, "PKGBUILD", ""), &size);
  if (size > 0 && !memchr (text, 0, size))
    return g_strndup (text, size);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "The PKGBUILD is %s", size == 0 ? "empty" : "no text");
  return NULL;
}

bool
recipe_files_check_name (const Builder *builder, GError **error)
{
  const char *base = recipe_value (builder->recipe, "pkgbase");
  const char *name = base ? base : recipe_value (builder->recipe, "pkgname");

  if (g_strcmp0 (name, builder->request->worker_id) == 0)
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "The PKGBUILD makes %s, and %s was to be installed by it",
               name ? name : "nothing", builder->request->worker_id);
  return false;
}

/* A line of package.bash's list: "TYPE MODE UID GID PATH". */
static const char *
line_program (const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 5);
  g_autofree char *folder = NULL;
  g_autofree char *last = NULL;

  if (g_strv_length (words) != 5 || !g_str_equal (words[0], "f") || !(g_ascii_strtoull (words[1], NULL, 8) & 0111))
    return NULL;
  folder = g_path_get_dirname (words[4]);
  last = g_path_get_basename (folder);
  return g_str_equal (last, "bin") ? line + strlen (line) - strlen (words[4]) : NULL;
}

bool
recipe_files_find_program (Builder *builder, const char *name, const GString *list, GError **error)
{
  const char *found = NULL;

  for (const char *line = list->str; line < list->str + list->len; line += strlen (line) + 1)
    {
      const char *path = line_program (line);
      g_autofree char *last = path ? g_path_get_basename (path) : NULL;

      if (path && (!found || g_str_equal (last, name)))
        found = path;
    }
  if (!found)
    {
      g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_PACKAGE_INVALID,
                           "The package has no program: package() must install one in a folder bin");
      return false;
    }
  g_free (builder->entry->install_path);
  g_free (builder->entry->binary_name);
  builder->entry->install_path = g_strconcat (*found == '/' ? "" : "/", found, NULL);
  builder->entry->binary_name = g_path_get_basename (found);
  return true;
}
