/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-cache.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "json.h"

#define FILES_MAX 500 /* of one catalog */
#define FILE_MAX  (8 * 1024 * 1024)

/* "worker.hive-probe.json": the words of a question have no slash (worker-id.h, install-options.h). */
static char *
catalog_cache_name (const char *const *arguments)
{
  g_autofree char *rest = g_strjoinv (".", (char **)arguments + 2);

  return g_strdup_printf ("%s%s%s.json", arguments[0], *rest ? "." : "", rest);
}

static char *
catalog_cache_path (const Configuration *configuration, const char *const *arguments)
{
  g_autofree char *name = catalog_cache_name (arguments);

  return configuration_cache_path (configuration, "catalog", arguments[1], name, NULL);
}

/* Adds the answers in a question's file to @answers. */
static void
catalog_cache_add (const Configuration *configuration, const char *const *arguments, JsonArray *answers)
{
  g_autofree char *path = catalog_cache_path (configuration, arguments);
  size_t size;
  g_autofree char *text = file_read (path, FILE_MAX, &size, NULL);
  g_autoptr (JsonObject) object = text ? json_parse_object (text, (ssize_t)size, path, HIVE_ERROR_FAILED, NULL) : NULL;
  JsonNode *node = object ? json_object_get_member (object, "answers") : NULL;
  JsonArray *list = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (guint i = 0; list && i < json_array_get_length (list); i++)
    json_array_add_element (answers, json_node_copy (json_array_get_element (list, i)));
}

/* The list too: it says what the catalog had, where nobody asked for just that. */
JsonArray *
catalog_cache_read (const Configuration *configuration, const char *const *arguments)
{
  JsonArray *answers = json_array_new ();

  catalog_cache_add (configuration, (const char *const[]){ "catalog", arguments[1], NULL }, answers);
  if (g_str_equal (arguments[0], "recipe") || (g_str_equal (arguments[0], "worker") && arguments[3]))
    catalog_cache_add (configuration, (const char *const[]){ "worker", arguments[1], arguments[2], NULL }, answers);
  if (!g_str_equal (arguments[0], "catalog"))
    catalog_cache_add (configuration, arguments, answers);
  return answers;
}

JsonObject *
catalog_cache_read_all (const Configuration *configuration, const char *worker_id, const char *backend,
                        const char *source)
{
  JsonObject *all = json_object_new ();

  for (guint i = 0; i < configuration->catalogs->len; i++)
    {
      const CatalogConfiguration *catalog = configuration->catalogs->pdata[i];
      const char *const arguments[] = { "recipe", catalog->name, worker_id, backend ? backend : source ? "" : NULL,
                                        source,   NULL };

      json_object_set_array_member (all, catalog->name, catalog_cache_read (configuration, arguments));
    }
  return all;
}

/* Whoever asks for ever more workers pushes the oldest answers out. */
static void
catalog_cache_make_room (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autofree char *oldest = NULL;
  int64_t oldest_time = INT64_MAX;
  const char *name;
  unsigned count = 0;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      struct stat st;

      if (lstat (path, &st) < 0)
        continue;
      count++;
      if (st.st_mtime < oldest_time)
        {
          oldest_time = st.st_mtime;
          g_free (oldest);
          oldest = g_steal_pointer (&path);
        }
    }
  if (count >= FILES_MAX)
    unlink (oldest);
}

void
catalog_cache_take (const Configuration *configuration, const char *const *arguments, JsonObject *answer)
{
  JsonNode *node = json_object_get_member (answer, "remember");
  g_autofree char *folder = configuration_cache_path (configuration, "catalog", arguments[1], NULL);
  g_autofree char *path = catalog_cache_path (configuration, arguments);
  g_autoptr (JsonObject) object = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (!node)
    return;
  object = json_object_new ();
  json_object_set_member (object, "answers", json_node_copy (node));
  json_object_remove_member (answer, "remember");
  text = json_to_text (object, false);
  if (g_mkdir_with_parents (folder, 0700) < 0)
    {
      g_warning ("%s cannot be made: %s", folder, g_strerror (errno));
      return;
    }
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    catalog_cache_make_room (folder);
  if (!file_replace (path, text, -1, false, &error))
    g_warning ("What a catalog said cannot be kept: %s", error->message);
}
