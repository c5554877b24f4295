/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-request.h"

#include "error.h"
#include "file.h"
#include "json.h"
#include "worker-id.h"

#define REQUEST_MAX_SIZE (16 * 1024 * 1024)

void
job_request_free (JobRequest *request)
{
  if (!request)
    return;
  g_free (request->job);
  g_free (request->worker_id);
  g_free (request->work);
  g_free (request->backend);
  g_free (request->source);
  g_free (request->installed_version);
  g_free (request->installed_recipe_sha256);
  g_free (request->installed_backend);
  g_free (request->catalog);
  g_free (request->origin);
  g_free (request->model_reference);
  g_free (request->model_sha256);
  g_free (request->push_url);
  g_free (request->push_key);
  g_clear_pointer (&request->files, json_object_unref);
  g_free (request->network);
  g_free (request->cpu);
  g_free (request->from);
  g_free (request->installed_cpu);
  g_clear_pointer (&request->remembered, json_object_unref);
  g_free (request);
}

static JsonObject *
request_member (JsonObject *object, const char *key)
{
  JsonNode *node = json_object_get_member (object, key);

  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

JobRequest *
job_request_read (int fd, GError **error)
{
  g_autoptr (JobRequest) request = g_new0 (JobRequest, 1);
  g_autoptr (JsonObject) object = NULL;
  g_autofree char *text = NULL;
  JsonObject *options, *installed, *model, *push;
  size_t size;

  text = file_read_fd (fd, REQUEST_MAX_SIZE, "the request", &size, error);
  if (!text)
    return NULL;
  object = json_parse_object (text, size, "the request", HIVE_ERROR_INVALID_ARGUMENT, error);
  if (!object)
    return NULL;

  request->job = g_strdup (json_get_string (object, "job", ""));
  request->worker_id = g_strdup (json_get_string (object, "worker_id", ""));
  request->work = g_strdup (json_get_string (object, "work", ""));
  if (!worker_id_check (request->worker_id, error))
    return NULL;
  if (!g_path_is_absolute (request->work))
    {
      g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "The request names no work directory");
      return NULL;
    }

  options = request_member (object, "options");
  if (options)
    {
      request->backend = g_strdup (json_get_string (options, "backend", NULL));
      request->source = g_strdup (json_get_string (options, "source", NULL));
      request->catalog = g_strdup (json_get_string (options, "catalog", NULL));
      request->network = g_strdup (json_get_string (options, "network", NULL));
      request->from = g_strdup (json_get_string (options, "from", NULL));
      request->cpu = g_strdup (json_get_string (options, "cpu", NULL));
      request->check = json_get_bool (options, "check", false);
      request->reinstall = json_get_bool (options, "reinstall", false);
      request->install_dependencies = json_get_bool (options, "install_dependencies", false);
      request->upgrade = json_get_bool (options, "upgrade", false);
      request->origin = g_strdup (json_get_string (options, "origin", ""));
    }

  installed = request_member (object, "installed");
  if (installed)
    {
      request->installed_version = g_strdup (json_get_string (installed, "version", NULL));
      request->installed_recipe_sha256 = g_strdup (json_get_string (installed, "recipe_sha256", NULL));
      request->installed_backend = g_strdup (json_get_string (installed, "backend", NULL));
      request->installed_cpu = g_strdup (json_get_string (installed, "cpu", NULL));
    }

  model = request_member (object, "model");
  if (model)
    {
      request->model_reference = g_strdup (json_get_string (model, "reference", NULL));
      request->model_sha256 = g_strdup (json_get_string (model, "sha256", NULL));
    }

  push = request_member (object, "push");
  if (push)
    {
      request->push_url = g_strdup (json_get_string (push, "url", ""));
      request->push_key = g_strdup (json_get_string (push, "key", ""));
    }

  request->files = request_member (object, "files");
  if (request->files)
    json_object_ref (request->files);
  request->remembered = request_member (object, "remembered");
  if (request->remembered)
    json_object_ref (request->remembered);
  return g_steal_pointer (&request);
}
