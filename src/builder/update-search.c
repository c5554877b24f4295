/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "update-search.h"

#include <glib/gstdio.h>

#include "catalog-search.h"
#include "error.h"
#include "evaluation.h"
#include "recipe-lint.h"
#include "worker-id.h"

#define WORDS 5 /* of each worker */

static const char *
word_or_null (const char *word)
{
  return *word ? word : NULL;
}

/* Reads the recipe in a directory of its own, without what may lie beside it in the catalog. */
static char *
updates_read_version (const Configuration *configuration, const char *pkgbuild, GError **error)
{
  g_autofree char *directory = g_dir_make_tmp ("rbee-hive-XXXXXX", error);
  g_autofree char *path = directory ? g_build_filename (directory, "PKGBUILD", NULL) : NULL;
  g_autoptr (Recipe) recipe = NULL;
  g_auto (EvaluationSaid) said = { 0 };

  if (!directory)
    return NULL;
  if (g_file_set_contents (path, pkgbuild, -1, error))
    recipe = evaluation_run (&(Evaluation){ .configuration = configuration,
                                            .directory = directory,
                                            .name = "PKGBUILD",
                                            .inside = "/tmp/recipe",
                                            .home = "/tmp/recipe",
                                            .user = "builder" },
                             &said, error);
  g_unlink (path);
  g_rmdir (directory);
  return recipe && recipe_lint_check (recipe, false, error) && recipe_check (recipe, error) ? recipe_version (recipe) :
                                                                                              NULL;
}

/* The version in the catalog; "" where its recipe is still the same. */
static char *
updates_version (const Configuration *configuration, char *const *words, GError **error)
{
  g_autoptr (Machine) machine = machine_new (NULL);
  g_autoptr (CatalogSearch) search = catalog_search_new (configuration, NULL, machine);
  g_autoptr (CatalogEntry) entry = NULL;
  g_autofree char *pkgbuild = NULL;
  g_autofree char *url = NULL;
  g_autofree char *sum = NULL;

  if (!worker_id_check (words[0], error))
    return NULL;
  entry = catalog_search_get (search, word_or_null (words[1]), words[0], word_or_null (words[2]), NULL, error);
  pkgbuild =
      entry ? catalog_get_recipe (catalog_search_found (search), entry, word_or_null (words[3]), &url, error) : NULL;
  if (!pkgbuild)
    return NULL;
  sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, pkgbuild, -1);
  return g_str_equal (sum, words[4]) ? g_strdup ("") : updates_read_version (configuration, pkgbuild, error);
}

JsonObject *
update_search_run (const Configuration *configuration, char *const *words, GError **error)
{
  JsonArray *workers;
  JsonObject *answer;

  if (g_strv_length ((char **)words) % WORDS != 0)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "The query updates takes %d words of each worker",
                   WORDS);
      return NULL;
    }

  workers = json_array_new ();
  for (; *words; words += WORDS)
    {
      g_autoptr (GError) failure = NULL;
      g_autofree char *version = updates_version (configuration, words, &failure);
      JsonObject *worker;

      if (version && !*version)
        continue;
      worker = json_object_new ();
      json_object_set_string_member (worker, "id", words[0]);
      json_object_set_string_member (worker, version ? "version" : "message", version ? version : failure->message);
      json_array_add_object_element (workers, worker);
    }
  answer = json_object_new ();
  json_object_set_array_member (answer, "workers", workers);
  return answer;
}
