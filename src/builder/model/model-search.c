/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-search.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "json.h"
#include "model-entry.h"
#include "model-record.h"
#include "model-reference.h"

#define DEPTH_MAX   6 /* FOLDER/models--OWNER--REPO/snapshots/COMMIT/FILE, and some */
#define ENTRIES_MAX 100000
#define MODELS_MAX  10000
#define SKIPPED_MAX 1000
#define TEXT_MAX    4096 /* of a path, and of why */

typedef struct
{
  const Configuration *configuration;
  const char *wanted; /* a name, or a path without links; NULL: all */
  const char *folder; /* the one that is looked at, as it is configured */
  char *root;         /* without links */
  bool own;           /* the hive's own: it has records */
  unsigned entries;
  JsonArray *models, *skipped;
  GError *failure; /* why the wanted one is none */
} ModelSearch;

static void __attribute__ ((format (printf, 3, 4)))
search_skip (ModelSearch *search, const char *path, const char *format, ...)
{
  g_autofree char *shown = g_utf8_make_valid (path, -1);
  g_autofree char *why = NULL;
  JsonArray *pair;
  va_list arguments;

  if (json_array_get_length (search->skipped) >= SKIPPED_MAX)
    return;
  va_start (arguments, format);
  why = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  pair = json_array_new ();
  json_array_add_string_element (pair, shown);
  json_array_add_string_element (pair, why);
  json_array_add_array_element (search->skipped, pair);
}

/* @name: without its ending; @real: where it is. */
static bool
search_wants (const ModelSearch *search, const char *name, const char *real)
{
  const char *wanted = search->wanted;
  size_t length = strlen (name);

  if (!wanted || *wanted == '/')
    return !wanted || g_str_equal (wanted, real);
  return strncmp (wanted, name, length) == 0 && (wanted[length] == '\0' || g_str_equal (wanted + length, ".gguf"));
}

static void
search_add (ModelSearch *search, JsonObject *model)
{
  const char *path = json_get_string (model, "path", "");

  /* A link and what it leads to are one. */
  for (guint i = 0; i < json_array_get_length (search->models); i++)
    if (g_str_equal (json_get_string (json_array_get_object_element (search->models, i), "path", ""), path))
      {
        json_object_unref (model);
        return;
      }
  if (search->own)
    model_record_add (search->configuration, model);
  json_array_add_object_element (search->models, model);
}

/* Where a file is without links; NULL, and it is told, where that is outside. */
static char *
search_resolve (ModelSearch *search, const char *path)
{
  g_autofree char *below = g_strconcat (search->root, "/", NULL);
  char *found = realpath (path, NULL);
  g_autofree char *real = g_strdup (found);

  free (found);
  if (!real)
    search_skip (search, path, "is a link that leads nowhere: %s", g_strerror (errno));
  else if (!g_str_has_prefix (real, below))
    search_skip (search, path, "is a link that leads out of %s", search->folder);
  else
    return g_steal_pointer (&real);
  return NULL;
}

/* Where the parts of the model whose first is @path are, without links. */
static char **
search_resolve_parts (ModelSearch *search, const char *base, const char *path, unsigned parts)
{
  g_autofree char *above = g_path_get_dirname (path);
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();

  for (unsigned part = 1; part <= parts; part++)
    {
      g_autofree char *file = model_entry_part (base, part, parts);
      g_autofree char *named = g_build_filename (above, file, NULL);
      g_autofree char *real = NULL;
      struct stat st;

      if (lstat (named, &st) == 0 && S_ISLNK (st.st_mode) && !(real = search_resolve (search, named)))
        return NULL;
      g_strv_builder_add (paths, real ? real : named);
    }
  return g_strv_builder_end (paths);
}

/* What an error says of the file at @path, whose place is told beside it. */
static const char *
said_of (const char *message, const char *path)
{
  static const char refused[] = " cannot be used: it ";
  const char *rest = g_str_has_prefix (message, path) ? message + strlen (path) : NULL;

  if (!rest)
    return message;
  return g_str_has_prefix (rest, refused) ? rest + strlen (refused) : rest + 1;
}

/* @path: the first part, and @real where it is. */
static void
search_read (ModelSearch *search, const char *base, const char *path, const char *real, unsigned parts)
{
  g_auto (GStrv) paths = search_resolve_parts (search, base, path, parts);
  g_autoptr (GError) error = NULL;
  JsonObject *model = paths ? model_entry_read (base, paths, search->folder, &error) : NULL;

  if (model)
    search_add (search, model);
  if (!error)
    return;
  search_skip (search, path, "%s", said_of (error->message, real));
  if (search->wanted && !search->failure)
    search->failure = g_steal_pointer (&error);
}

static void
search_take_file (ModelSearch *search, const char *name, const char *path, const char *real)
{
  unsigned part, parts;
  g_autofree char *base = model_file_name (name, &part, &parts);

  if (part > 1)
    {
      g_autofree char *above = g_path_get_dirname (path);
      g_autofree char *file = model_entry_part (base, 1, parts);
      g_autofree char *first = g_build_filename (above, file, NULL);

      if (access (first, F_OK) < 0)
        search_skip (search, path, "is part %u of %u, and part 1 is missing", part, parts);
    }
  else if (search_wants (search, base, real) && json_array_get_length (search->models) < MODELS_MAX)
    search_read (search, base, path, real, parts);
}

static void
search_take (ModelSearch *search, const char *name, const char *path, bool link)
{
  g_autofree char *real = NULL;
  struct stat st;
  unsigned part, parts;
  g_autofree char *base = model_file_name (name, &part, &parts);

  if (!base)
    {
      if (model_entry_is_pickle (name))
        search_skip (search, path, "may be a pickle, which runs code when it is loaded: such models are refused");
      return;
    }
  real = link ? search_resolve (search, path) : g_strdup (path);
  if (!real)
    return;
  if (lstat (real, &st) < 0)
    search_skip (search, path, "cannot be looked at: %s", g_strerror (errno));
  else if (!S_ISREG (st.st_mode))
    search_skip (search, path, "is not a regular file");
  else
    search_take_file (search, name, path, real);
}

static void
search_take_safetensors (ModelSearch *search, const char *path)
{
  g_autofree char *configuration = g_build_filename (path, "config.json", NULL);
  g_autofree char *name = g_path_get_basename (path);

  if (access (configuration, F_OK) == 0 && search_wants (search, name, path) &&
      json_array_get_length (search->models) < MODELS_MAX)
    search_add (search, model_entry_of_folder (path, search->folder));
}

static void
search_walk (ModelSearch *search, const char *folder, unsigned depth)
{
  struct dirent **entries = NULL;
  int count = scandir (folder, &entries, NULL, alphasort);
  bool safetensors = false;

  if (count < 0)
    search_skip (search, folder, "cannot be read: %s", g_strerror (errno));
  for (int i = 0; i < count; i++)
    {
      g_autofree char *path = g_build_filename (folder, entries[i]->d_name, NULL);
      const char *name = entries[i]->d_name;
      struct stat st;

      if (*name == '.' || search->entries++ > ENTRIES_MAX || lstat (path, &st) < 0)
        ;
      else if (!S_ISDIR (st.st_mode))
        {
          search_take (search, name, path, S_ISLNK (st.st_mode));
          safetensors = safetensors || g_str_has_suffix (name, ".safetensors");
        }
      else if (depth < DEPTH_MAX)
        search_walk (search, path, depth + 1);
      else
        search_skip (search, path, "lies deeper than %d folders below %s", DEPTH_MAX, search->folder);
      free (entries[i]);
    }
  free (entries);
  if (safetensors)
    search_take_safetensors (search, folder);
}

static void
search_folder (ModelSearch *search, const char *folder, bool own)
{
  char *real = realpath (folder, NULL);

  search->folder = folder;
  search->own = own;
  search->root = g_strdup (real);
  free (real);
  if (search->root)
    search_walk (search, search->root, 0);
  else if (!own || errno != ENOENT)
    search_skip (search, folder, "cannot be read: %s", g_strerror (errno));
  g_clear_pointer (&search->root, g_free);
}

static void
search_run (ModelSearch *search)
{
  g_autofree char *own = configuration_state_path (search->configuration, "models", NULL);

  search->models = json_array_new ();
  search->skipped = json_array_new ();
  search_folder (search, own, true);
  for (char **folder = search->configuration->model_folders; *folder; folder++)
    search_folder (search, *folder, false);
}

JsonObject *
model_search_all (const Configuration *configuration)
{
  ModelSearch search = { .configuration = configuration };
  JsonObject *answer = json_object_new ();

  search_run (&search);
  json_object_set_array_member (answer, "models", search.models);
  json_object_set_array_member (answer, "skipped", search.skipped);
  return answer;
}

/* Why the file of that path was passed over; NULL: it was not. */
static const char *
search_why (const ModelSearch *search, const char *path)
{
  for (guint i = 0; i < json_array_get_length (search->skipped); i++)
    {
      JsonArray *pair = json_array_get_array_element (search->skipped, i);

      if (g_str_equal (json_array_get_string_element (pair, 0), path))
        return json_array_get_string_element (pair, 1);
    }
  return NULL;
}

/* Why there is none. */
static void
search_set_error (ModelSearch *search, const char *reference, GError **error)
{
  g_autofree char *valid = g_utf8_make_valid (reference, -1);
  const char *why = search_why (search, reference);

  if (search->failure)
    g_propagate_error (error, g_steal_pointer (&search->failure));
  else if (why)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_INVALID, "%s cannot be used: it %s", valid, why);
  else if (*reference != '/')
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_NOT_FOUND,
                 "There is no model \"%s\": hivectl models lists those that there are, "
                 "hivectl model pull or import brings another",
                 valid);
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_NOT_FOUND,
                 "There is no model %s in a folder of [Models] Folders= in hive.conf; hivectl model import "
                 "takes it from anywhere",
                 valid);
}

JsonObject *
model_search_find (const Configuration *configuration, const char *reference, GError **error)
{
  char *real = *reference == '/' ? realpath (reference, NULL) : NULL;
  ModelSearch search = { .configuration = configuration, .wanted = real ? real : reference };
  JsonObject *model = NULL;

  search_run (&search);
  if (json_array_get_length (search.models) > 0)
    model = json_object_ref (json_array_get_object_element (search.models, 0));
  else
    search_set_error (&search, reference, error);
  g_clear_error (&search.failure);
  json_array_unref (search.models);
  json_array_unref (search.skipped);
  free (real);
  return model;
}
