/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance-model.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "error.h"
#include "json.h"
#include "model-fit.h"

#define NAME_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._+-"
#define NOT_IN_A_UNIT   " :'\"\\" /* what ends or quotes a path to bind */

void
instance_model_free (InstanceModel *model)
{
  if (!model)
    return;
  g_free (model->name);
  g_free (model->format);
  g_free (model->path);
  g_strfreev (model->files);
  g_free (model);
}

/* systemd writes it into the unit's file, a line each. */
static bool
path_is_writable_in_a_line (const char *path)
{
  for (const char *at = path; *at; at++)
    if (g_ascii_iscntrl (*at))
      return false;
  return g_path_is_absolute (path);
}

static bool
model_check_paths (const InstanceModel *model, GError **error)
{
  bool fine = path_is_writable_in_a_line (model->path);

  for (char **file = model->files; *file; file++)
    fine = fine && path_is_writable_in_a_line (*file);
  if (!fine)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_UNSUPPORTED,
                 "The path of the model %s has a control character: give it another name", model->name);
  return fine;
}

InstanceModel *
instance_model_new (JsonObject *object, GError **error)
{
  g_autoptr (InstanceModel) model = g_new0 (InstanceModel, 1);

  model->name = g_strdup (json_get_string (object, "name", ""));
  model->format = g_strdup (json_get_string (object, "format", ""));
  model->path = g_strdup (json_get_string (object, "path", ""));
  model->files = json_get_strings (object, "files");
  model->size = (uint64_t)MAX (0, json_get_int (object, "size", 0));
  model->cache_per_token = (uint64_t)MAX (0, json_get_int (object, "cache_per_token", 0));
  if (*model->name && *model->path && model->files)
    return model_check_paths (model, error) ? g_steal_pointer (&model) : NULL;
  g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_MODEL_NOT_FOUND, "What was said of the model is incomplete");
  return NULL;
}

JsonObject *
instance_model_to_json (const InstanceModel *model)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", model->name);
  json_object_set_string_member (object, "format", model->format);
  json_object_set_string_member (object, "path", model->path);
  json_set_strings (object, "files", model->files);
  json_object_set_int_member (object, "size", (gint64)model->size);
  json_object_set_int_member (object, "cache_per_token", (gint64)model->cache_per_token);
  return object;
}

bool
instance_model_fits (const InstanceModel *model, const RunRule *rule, GError **error)
{
  g_autofree char *formats = NULL;

  if (!rule->formats || g_strv_contains ((const char *const *)rule->formats, model->format))
    return true;
  formats = g_strjoinv (", ", rule->formats);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_UNSUPPORTED, "The model %s is %s, and %s reads %s", model->name,
               model->format, rule->implementation, formats);
  return false;
}

/* What the hive may not look at, as a home, systemd finds or does not. */
static bool
path_is_there (const char *path, GError **error)
{
  if (access (path, F_OK) == 0 || errno != ENOENT)
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_NOT_FOUND,
               "The model's file %s is not there any more: stop this instance and start it with another model", path);
  return false;
}

bool
instance_model_is_there (const InstanceModel *model, GError **error)
{
  bool there = path_is_there (model->path, error);

  for (char **file = model->files; there && *file; file++)
    there = path_is_there (*file, error);
  return there;
}

bool
instance_model_has (const InstanceModel *model, const char *path)
{
  return g_str_equal (model->path, path) || g_strv_contains ((const char *const *)model->files, path);
}

bool
instance_model_fits_on (const InstanceModel *model, int64_t context, const Device *device, char **ret_why)
{
  const ModelNeed need = {
    .weights = model->size,
    .cache_per_token = model->cache_per_token,
    .context = context > 0 ? (uint64_t)context : MODEL_FIT_CONTEXT,
  };

  return model_fits_on (&need, device, ret_why);
}

static bool
model_is_folder (const InstanceModel *model)
{
  return !g_str_equal (model->format, "gguf");
}

static bool
path_is_plain (const char *path)
{
  return !path[strcspn (path, NOT_IN_A_UNIT)];
}

/* The path @i that is bound; NULL: there are no more. */
static const char *
model_source (const InstanceModel *model, unsigned i)
{
  if (model_is_folder (model))
    return i == 0 ? model->path : NULL;
  return model->files[i];
}

static char *
link_path (const char *instance, unsigned i)
{
  return g_strdup_printf ("/run/rbee-hived/%s.model-%u", instance, i);
}

bool
instance_model_link (const InstanceModel *model, const char *instance, GError **error)
{
  const char *source;

  for (unsigned i = 0; (source = model_source (model, i)); i++)
    {
      g_autofree char *link = link_path (instance, i);

      unlink (link);
      if (!path_is_plain (source) && symlink (source, link) < 0)
        return hive_error_set_errno (error, errno, "Cannot make %s", link);
    }
  return true;
}

void
instance_model_unlink (const InstanceModel *model, const char *instance)
{
  for (unsigned i = 0; model_source (model, i); i++)
    {
      g_autofree char *link = link_path (instance, i);

      unlink (link);
    }
}

/* A folder stays where it is, if a unit can name it; a file may lie at home, which no worker sees, or have a cache's
 * name: so that each has its own, as a part of a model finds the others by theirs. */
static char *
model_inside (const InstanceModel *model, const Configuration *configuration, unsigned part)
{
  unsigned parts = g_strv_length (model->files);
  g_autofree char *name = g_strcanon (g_strdup (model->name), NAME_CHARACTERS, '_');
  g_autofree char *file = NULL;

  if (model_is_folder (model))
    return path_is_plain (model->path) ? g_strdup (model->path) :
                                         configuration_state_path (configuration, "models", name, NULL);
  file = parts == 1 ? g_strconcat (name, ".gguf", NULL) : g_strdup_printf ("%s-%05u-of-%05u.gguf", name, part, parts);
  return configuration_state_path (configuration, "models", file, NULL);
}

char *
instance_model_inside (const InstanceModel *model, const Configuration *configuration)
{
  return model_inside (model, configuration, 1);
}

static int
append_sources (const InstanceModel *model, const char *instance, const Configuration *configuration,
                sd_bus_message *message)
{
  const char *source;
  int r = 0;

  for (unsigned i = 0; r >= 0 && (source = model_source (model, i)); i++)
    {
      g_autofree char *inside = model_inside (model, configuration, i + 1);
      g_autofree char *link = link_path (instance, i);

      r = sd_bus_message_append (message, "(ssbt)", path_is_plain (source) ? source : link, inside, false,
                                 (uint64_t)MS_REC);
    }
  return r;
}

int
instance_model_append (const InstanceModel *model, const char *instance, const Configuration *configuration,
                       sd_bus_message *message)
{
  int r;

  if ((r = sd_bus_message_open_container (message, 'r', "sv")) < 0 ||
      (r = sd_bus_message_append (message, "s", "BindReadOnlyPaths")) < 0 ||
      (r = sd_bus_message_open_container (message, 'v', "a(ssbt)")) < 0 ||
      (r = sd_bus_message_open_container (message, 'a', "(ssbt)")) < 0 ||
      (r = append_sources (model, instance, configuration, message)) < 0 ||
      (r = sd_bus_message_close_container (message)) < 0 || (r = sd_bus_message_close_container (message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}
