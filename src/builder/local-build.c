/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "local-build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "delivery.h"
#include "file.h"
#include "folder.h"
#include "json.h"
#include "local-tree.h"
#include "pipeline.h"
#include "recipe-folder.h"
#include "sandbox.h"
#include "scripts.h"
#include "size.h"

#define RECIPE_MAX_SIZE (1024 * 1024)
#define NAME            "recipe" /* as the worker is called inside */

/* CacheDirectory/work, with nothing in it of builds that were killed: whoever works in a folder of it has that locked,
 * and whoever looks for such, or makes one, has all of it. */
static int
local_build_open_works (const Configuration *configuration, GError **error)
{
  g_autofree char *path = configuration_cache_path (configuration, "work", NULL);
  g_autoptr (GDir) dir = NULL;
  g_auto (Fd) works = -1;
  const char *name;

  if (!file_make_directories (path, error))
    return -1;
  works = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (works < 0 || flock (works, LOCK_EX) < 0)
    {
      hive_error_set_errno (error, errno, "Cannot open %s", path);
      return -1;
    }
  dir = g_dir_open (path, 0, NULL);
  while (dir && (name = g_dir_read_name (dir)))
    {
      g_auto (Fd) work = file_open_beneath (works, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

      if (work >= 0 && flock (work, LOCK_EX | LOCK_NB) == 0)
        folder_remove (works, name);
    }
  return fd_steal (&works);
}

/* A work directory of our own, locked; its path is the request's. */
static bool
local_build_make_work (Builder *builder, JobRequest *request, int works, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%s.%d", NAME, (int)getpid ());

  request->work = configuration_cache_path (builder->configuration, "work", name, NULL);
  if (mkdirat (works, name, 0700) < 0)
    return hive_error_set_errno (error, errno, "Cannot make %s", request->work);
  builder->work_fd = openat (works, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  /* The set-group-ID bit of a folder above would come down to what package() makes. */
  if (builder->work_fd < 0 || fchmod (builder->work_fd, 0700) < 0 || flock (builder->work_fd, LOCK_EX | LOCK_NB) < 0 ||
      flock (works, LOCK_UN) < 0)
    return hive_error_set_errno (error, errno, "Cannot open %s", request->work);
  return true;
}

/* A checkout may have a link where the PKGBUILD should be, and what that stands for is not a recipe. */
static int
local_build_open (int folder, const char *file, GError **error)
{
  g_autofree char *name = g_path_get_basename (file);
  g_auto (Fd) fd = file_open_beneath (folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
  struct stat st;

  if (fd == -ELOOP)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "%s is a link: name the file that it stands for",
                 file);
  else if (fd < 0)
    hive_error_set_errno (error, -fd, "Cannot open %s", file);
  else if (fstat (fd, &st) < 0 || !S_ISREG (st.st_mode))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "%s is not a regular file", file);
  else
    return fd_steal (&fd);
  return -1;
}

static bool
local_build_read (Builder *builder, int folder, const char *file, GError **error)
{
  g_auto (Fd) fd = -1;
  g_autofree char *text = NULL;
  g_autofree char *told = NULL;
  size_t size;

  builder->phase = "pkgbuild";
  log_writer_note (builder->log, builder->phase, "📄 Reading PKGBUILD...");
  fd = local_build_open (folder, file, error);
  text = fd < 0 ? NULL : file_read_fd (fd, RECIPE_MAX_SIZE, file, &size, error);
  if (!text)
    return false;
  if (memchr (text, '\0', size))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "%s is not text", file);
      return false;
    }
  if (!pkgbuild_take (builder, text, error))
    return false;
  told = size_to_string (size);
  log_writer_note (builder->log, builder->phase, "✓ PKGBUILD read (%s)", told);
  return true;
}

static bool
local_build_check_delivery (const Builder *builder, const Delivery *delivery, GError **error)
{
  char **names = g_hash_table_lookup (builder->recipe->variables, "pkgname");

  for (; *names; names++)
    if (!delivery_check (delivery, *names, error))
      return false;
  return true;
}

/* Puts the trees where they are wanted, and says where they are. */
static bool
local_build_deliver (Builder *builder, const Delivery *delivery, GError **error)
{
  char **names = g_hash_table_lookup (builder->recipe->variables, "pkgname");
  g_autoptr (JsonObject) result = json_object_new ();
  g_autofree char *version = recipe_version (builder->recipe);
  JsonArray *packages = json_array_new ();
  g_autofree char *text = NULL;

  local_tree_rehearse (builder);
  json_object_set_string_member (result, "version", version);
  json_object_set_array_member (result, "packages", packages);
  for (char **name = names; *name; name++)
    {
      g_autofree char *from = g_build_filename ("pkg", names[1] ? *name : NULL, NULL);
      g_autofree char *to = g_build_filename (delivery->path, *name, NULL);
      JsonObject *package = json_object_new ();

      json_object_set_string_member (package, "name", *name);
      json_object_set_string_member (package, "path", to);
      json_array_add_object_element (packages, package);
      if (!delivery_put (delivery, builder->work_fd, from, *name, error))
        return false;
      log_writer_note (builder->log, builder->phase, "✓ Package tree: %s", to);
    }
  text = json_to_text (result, false);
  log_writer_write (builder->log, builder->phase, LOG_STREAM_RESULT, text, -1);
  return true;
}

static bool
local_build_all (const LocalBuild *build, Builder *builder, const char *file, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (file);
  g_auto (Fd) recipe = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  g_auto (Delivery) delivery = { .base = -1 };

  if (recipe < 0)
    return hive_error_set_errno (error, errno, "Cannot open %s", folder);
  builder->own_folder = build->local_sources ? NULL : folder;
  return scripts_check (builder->configuration, error) && local_build_read (builder, recipe, file, error) &&
         delivery_init (&delivery, builder->configuration, recipe, folder, build->output, error) &&
         pipeline_run_phases (builder, "parse", "parse", error) &&
         local_build_check_delivery (builder, &delivery, error) &&
         pipeline_run_phases (builder, "dependencies", "package", error) &&
         local_build_deliver (builder, &delivery, error);
}

/* The true path of its folder, in which a recipe finds what lies above it. */
static char *
local_build_find (const char *file)
{
  g_autofree char *path = g_canonicalize_filename (file, NULL);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *folder = g_path_get_dirname (path);
  char *real = realpath (folder, NULL);
  char *found = real ? g_build_filename (real, name, NULL) : g_steal_pointer (&path);

  free (real);
  return found;
}

/* What a catalog's worker has and a file has not. */
static void
local_build_invent (Builder *builder, const LocalBuild *build, Configuration *configuration, const char *file)
{
  CatalogConfiguration *catalog;
  g_autofree char *folder = g_path_get_dirname (file);
  g_autofree char *name = g_path_get_basename (file);
  g_autofree char *escaped = g_uri_escape_string (name, NULL, TRUE);
  const char *epoch = g_getenv ("SOURCE_DATE_EPOCH");

  g_ptr_array_set_size (configuration->catalogs, 0);
  catalog = catalog_configuration_of_folder (folder);
  catalog->foreign = !build->local_sources;
  g_ptr_array_add (configuration->catalogs, catalog);
  g_free (configuration->cache_directory);
  configuration->cache_directory = g_build_filename (g_get_user_cache_dir (), "rbee-hive", NULL);
  builder->folder = g_strdup (folder);
  builder->above = recipe_folder_above (folder);
  builder->above_is_repository = builder->above && recipe_folder_is_repository (builder->above);
  builder->below = builder->above ? g_strdup (folder + strlen (builder->above) + 1) : NULL;
  builder->machine = machine_new (devices_load (configuration, NULL));
  builder->search = catalog_search_new (configuration, NULL, builder->machine);
  builder->catalog = catalog_search_open (builder->search, configuration->catalogs->pdata[0]);
  builder->recipe_url = g_strdup_printf ("%s/%s", builder->catalog->own->url, escaped);
  builder->entry = g_new0 (CatalogEntry, 1);
  builder->entry->features = g_new0 (char *, 1);
  builder->reproducible = epoch && g_ascii_string_to_signed (epoch, 10, 0, G_MAXINT64, &builder->started, NULL);
}

/* What the commit does for a job of the hive. A cache that cannot be kept is not a failure: the next build does
 * without. */
static void
local_build_clean (Builder *builder, int works, bool built)
{
  g_autofree char *name = builder->request->work ? g_path_get_basename (builder->request->work) : NULL;
  g_autoptr (GError) error = NULL;

  if (builder->work_fd >= 0 && !cache_promote (builder, built, &error))
    log_writer_note (builder->log, builder->phase, "⚠ %s", error->message);
  if (name)
    folder_remove (works, name);
}

int
local_build_run (const LocalBuild *build, Configuration *configuration, LogWriter *log)
{
  g_autofree char *file = local_build_find (build->file);
  g_autoptr (JobRequest) request = g_new0 (JobRequest, 1);
  g_auto (Builder) builder = { .configuration = configuration,
                               .request = request,
                               .log = log,
                               .phase = "pkgbuild",
                               .started = g_get_real_time () / G_USEC_PER_SEC,
                               .work_fd = -1,
                               .apart = true };
  g_autoptr (GError) error = NULL;
  g_auto (Fd) works = -1;
  int status = JOB_EXIT_READY;

  request->worker_id = g_strdup (NAME);
  request->network = g_strdup (build->network);
  request->check = build->check;
  local_build_invent (&builder, build, configuration, file);
  works = local_build_open_works (configuration, &error);
  if (works < 0 || !local_build_make_work (&builder, request, works, &error) ||
      !local_build_all (build, &builder, file, &error))
    status = pipeline_fail (&builder, error);
  local_build_clean (&builder, works, status == JOB_EXIT_READY);
  log_writer_write (log, builder.phase, LOG_STREAM_END,
                    status == JOB_EXIT_READY     ? "done" :
                    status == JOB_EXIT_CANCELLED ? "cancelled" :
                                                   "failed",
                    -1);
  return status;
}
