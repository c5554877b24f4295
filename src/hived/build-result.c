/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "build-result.h"

#include <string.h>

#include "display-name.h"
#include "error.h"
#include "json.h"
#include "run-entry.h"

static const struct
{
  const char *key;
  size_t max;
  bool required;
} result_keys[] = {
  { "pkgname", 128, true },   { "version", 256, true },        { "pkgver", 128, true },
  { "pkgrel", 64, true },     { "description", 1024, false },  { "license", 1024, false },
  { "cpu", 32, false },       { "backend", 64, false },        { "source", 64, false },
  { "catalog", 4096, false }, { "catalog_name", 64, false },   { "recipe_sha256", 64, true },
  { "binary", 4096, true },   { "run", RUN_ENTRY_MAX, false },
};

static bool
build_result_take (JsonObject *from, JsonObject *to, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (result_keys); i++)
    {
      const char *value = json_get_string (from, result_keys[i].key, "");

      if ((result_keys[i].required && !*value) || strlen (value) > result_keys[i].max)
        {
          g_set_error (error, HIVE_ERROR, HIVE_ERROR_BUILD_FAILED, "The builder's result has no usable %s",
                       result_keys[i].key);
          return false;
        }
      json_object_set_string_member (to, result_keys[i].key, value);
    }
  return true;
}

static bool
build_result_check (const Job *job, JsonObject *result, GError **error)
{
  const char *sha256 = json_get_string (result, "recipe_sha256", "");
  const char *id = json_get_string (result, "worker_id", job->worker_id);

  if (strspn (sha256, "0123456789abcdef") != 64)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_BUILD_FAILED, "The builder's result has no usable recipe_sha256");
  else if (*json_get_string (result, "binary", "") != '/')
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_BUILD_FAILED, "The builder's result has no usable binary");
  else if (!g_str_equal (id, job->worker_id))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_BUILD_FAILED, "The builder's result is for another worker than %s",
                 job->worker_id);
  else
    return true;
  return false;
}

JsonObject *
build_result_parse (const Job *job, const char *text, bool *ret_installed, GError **error)
{
  g_autoptr (JsonObject) object = NULL;
  g_autoptr (JsonObject) result = json_object_new ();
  g_autofree char *name = NULL;

  if (!text)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_BUILD_FAILED, "The builder ended without a result");
      return NULL;
    }
  object = json_parse_object (text, -1, "The builder's result", HIVE_ERROR_BUILD_FAILED, error);
  if (!object)
    return NULL;
  *ret_installed = json_get_bool (object, "already_installed", false);
  if (*ret_installed)
    return g_steal_pointer (&result);
  if (!build_result_check (job, object, error) || !build_result_take (object, result, error))
    return NULL;
  if (job->options->recipe)
    {
      json_object_set_string_member (result, "source", "recipe");
      json_object_set_string_member (result, "catalog", job->options->origin);
      json_object_set_string_member (result, "catalog_name", "");
    }
  else if ((name = display_name_clean (json_get_string (object, "name", NULL))))
    json_object_set_string_member (result, "name", name);
  json_object_set_string_member (result, "id", job->worker_id);
  json_object_set_string_member (result, "job", job->id);
  json_object_set_int_member (result, "installed_by", job->owner);
  return g_steal_pointer (&result);
}
