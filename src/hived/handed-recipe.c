/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "handed-recipe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus-dict.h"
#include "error.h"
#include "file.h"
#include "json.h"

#define FILES_MAX       200
#define SIZE_MAX_ALL    (8 * 1024 * 1024) /* as base64 it fits in the builder's request */
#define NAME_LENGTH_MAX 255
#define SEALS           (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)

void
handed_recipe_clear (HandedRecipe *recipe)
{
  g_clear_pointer (&recipe->files, json_object_unref);
  g_clear_pointer (&recipe->sum, g_free);
}

/* "PKGBUILD", "keys/pgp/KEY.asc": below the recipe's folder, and to be shown in one line. */
static bool
name_is_valid (const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, "/", -1);

  for (const char *at = name; *at; at++)
    if (!g_ascii_isgraph (*at))
      return false;
  for (char **part = parts; *part; part++)
    if (!**part || g_str_equal (*part, ".") || g_str_equal (*part, ".."))
      return false;
  return *name && strlen (name) <= NAME_LENGTH_MAX;
}

/* What the descriptor holds, of at most @max_size bytes. */
static char *
memory_read (int fd, const char *name, size_t max_size, size_t *ret_size, GError **error)
{
  int seals = fcntl (fd, F_GET_SEALS);
  struct stat st;
  g_autofree char *content = NULL;

  if (seals < 0 || (seals & SEALS) != SEALS || fstat (fd, &st) < 0)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                   "The file %s has to come in a memfd that is sealed against writing, growing and shrinking", name);
      return NULL;
    }
  if (st.st_size > (off_t)max_size)
    {
      g_set_error (
          error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
          "The recipe's files have more than %d MiB together: have large ones downloaded by the recipe (source=)",
          SIZE_MAX_ALL >> 20);
      return NULL;
    }
  content = g_malloc ((size_t)st.st_size + 1);
  if (pread (fd, content, (size_t)st.st_size, 0) != st.st_size)
    {
      hive_error_set_errno (error, errno, "Cannot read the file %s", name);
      return NULL;
    }
  *ret_size = (size_t)st.st_size;
  return g_steal_pointer (&content);
}

static bool
handed_recipe_add (HandedRecipe *recipe, const char *name, int fd, size_t *left, GError **error)
{
  g_autofree char *content = NULL;
  g_autofree char *text = NULL;
  size_t size;

  if (!name_is_valid (name) || json_object_has_member (recipe->files, name) ||
      json_object_get_size (recipe->files) == FILES_MAX)
    {
      g_autofree char *shown = g_utf8_make_valid (name, -1);

      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                   "\"%.60s\" cannot be among the recipe's files: their names are paths below its folder, visible "
                   "characters of ASCII, each once, and at most %d",
                   shown, FILES_MAX);
      return false;
    }
  content = memory_read (fd, name, *left, &size, error);
  if (!content)
    return false;
  *left -= size;
  text = g_base64_encode ((const guchar *)content, size);
  json_object_set_string_member (recipe->files, name, text);
  return true;
}

static int
compare_names (const void *one, const void *other, void *userdata)
{
  return strcmp (one, other);
}

static char *
handed_recipe_sum (const HandedRecipe *recipe)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GList) names = json_object_get_members (recipe->files);

  names = g_list_sort_with_data (names, compare_names, NULL);
  for (GList *name = names; name; name = name->next)
    {
      const char *text = json_object_get_string_member (recipe->files, name->data);

      g_checksum_update (sum, name->data, (gssize)strlen (name->data) + 1);
      g_checksum_update (sum, (const guchar *)text, (gssize)strlen (text) + 1);
    }
  return g_strdup (g_checksum_get_string (sum));
}

int
handed_recipe_read (sd_bus_message *message, HandedRecipe *ret_recipe, sd_bus_error *error)
{
  g_auto (HandedRecipe) recipe = { .files = json_object_new () };
  g_autoptr (GError) failure = NULL;
  size_t left = SIZE_MAX_ALL;
  const char *name;
  int r, fd;

  r = sd_bus_message_enter_container (message, 'a', "{sh}");
  if (r < 0)
    return r;
  while ((r = sd_bus_message_read (message, "{sh}", &name, &fd)) > 0)
    if (!handed_recipe_add (&recipe, name, fd, &left, &failure))
      return bus_error_from_gerror (error, failure);
  if (r < 0 || (r = sd_bus_message_exit_container (message)) < 0)
    return r;
  if (!json_object_has_member (recipe.files, "PKGBUILD"))
    {
      g_set_error (&failure, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "The recipe's files have no PKGBUILD among them");
      return bus_error_from_gerror (error, failure);
    }
  recipe.sum = handed_recipe_sum (&recipe);
  *ret_recipe = recipe;
  recipe = (HandedRecipe){ 0 };
  return 0;
}

static char *
handed_recipe_path (const Configuration *configuration, const char *id)
{
  return configuration_state_path (configuration, "jobs", id, "recipe.json", NULL);
}

bool
handed_recipe_keep (const HandedRecipe *recipe, const Configuration *configuration, const char *id, GError **error)
{
  g_autofree char *path = handed_recipe_path (configuration, id);
  g_autofree char *text = json_to_text (recipe->files, false);
  g_auto (Fd) fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  int r = fd < 0 ? -errno : file_write_all (fd, text, strlen (text));

  return r >= 0 || hive_error_set_errno (error, -r, "Cannot write %s", path);
}

JsonObject *
handed_recipe_load (const Configuration *configuration, const char *id, GError **error)
{
  g_autofree char *path = handed_recipe_path (configuration, id);
  size_t size;
  g_autofree char *text = file_read (path, 2 * SIZE_MAX_ALL, &size, error);

  return text ? json_parse_object (text, (ssize_t)size, path, HIVE_ERROR_FAILED, error) : NULL;
}

void
handed_recipe_drop (const Configuration *configuration, const char *id)
{
  g_autofree char *path = handed_recipe_path (configuration, id);

  unlink (path);
}
