/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "json.h"
#include "worker-id.h"

#define FOLDER     "instances"
#define RECORD_MAX (64 * 1024)
#define KEY_BYTES  32
#define RUNS       "starts\n" /* in a mark */

static void
message_free (void *message)
{
  sd_bus_message_unref (message);
}

Instance *
instance_new (Hive *hive, const char *worker_id, InstanceOptions *options, InstanceModel *model)
{
  Instance *instance = g_new0 (Instance, 1);
  char *path = NULL;

  instance->hive = hive;
  instance->worker_id = g_strdup (worker_id);
  instance->options = options;
  instance->model = model;
  instance->error_code = -1;
  instance->told.main_pid = UINT32_MAX; /* nothing was */
  instance->stops = g_ptr_array_new_with_free_func (message_free);
  if (instance_options_are_unix (options))
    {
      g_autofree char *socket = instance_socket_path (instance);

      instance->address = g_strconcat ("unix:", socket, NULL);
    }
  else
    instance->address = g_strconcat ("http://", options->listen, NULL);
  if (sd_bus_path_encode (INSTANCE_PREFIX, options->name, &path) < 0)
    g_error ("Out of memory");
  instance->path = g_strdup (path);
  free (path);
  return instance;
}

void
instance_free (Instance *instance)
{
  if (!instance)
    return;
  for (InstanceUnitKind kind = INSTANCE_SOCKET; kind < INSTANCE_UNITS; kind++)
    instance_unit_free (instance->units[kind]);
  sd_bus_slot_unref (instance->making);
  sd_event_source_disable_unref (instance->retry);
  sd_bus_message_unref (instance->start);
  g_ptr_array_unref (instance->stops);
  capture_free (instance->lines);
  run_rule_free (instance->rule);
  g_strfreev (instance->cards);
  instance_options_free (instance->options);
  instance_model_free (instance->model);
  g_free (instance->worker_id);
  g_free (instance->version);
  g_free (instance->path);
  g_free (instance->address);
  g_free (instance->error);
  g_free (instance->warning);
  g_free (instance);
}

char *
instance_socket_path (const Instance *instance)
{
  return g_strdup_printf (INSTANCE_FOLDER "/%s.sock", instance->options->name);
}

static char *
record_path (const Hive *hive, const char *name, const char *ending)
{
  g_autofree char *file = g_strconcat (name, ending, NULL);

  return configuration_state_path (hive->configuration, FOLDER, file, NULL);
}

bool
instance_write (const Instance *instance, GError **error)
{
  g_autofree char *path = record_path (instance->hive, instance->options->name, ".json");
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (JsonObject) object = json_object_new ();
  g_autofree char *text = NULL;

  json_object_set_int_member (object, "format", 1);
  json_object_set_string_member (object, "worker_id", instance->worker_id);
  json_object_set_string_member (object, "version", instance->version);
  if (instance->error)
    {
      json_object_set_string_member (object, "error_name", hive_error_name (instance->error_code));
      json_object_set_string_member (object, "error_message", instance->error);
    }
  json_object_set_object_member (object, "options", instance_options_to_json (instance->options));
  if (instance->model)
    json_object_set_object_member (object, "model", instance_model_to_json (instance->model));
  text = json_to_text (object, true);
  return file_make_directories (folder, error) && file_replace (path, text, -1, true, error);
}

/* False: there should be one. */
static bool
model_from_json (JsonObject *object, const InstanceOptions *options, InstanceModel **ret_model, GError **error)
{
  JsonNode *node = json_object_get_member (object, "model");

  *ret_model = NULL;
  if (!options->model)
    return true;
  if (node && JSON_NODE_HOLDS_OBJECT (node))
    return (*ret_model = instance_model_new (json_node_get_object (node), error)) != NULL;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_NOT_FOUND, "It does not say where its model is");
  return false;
}

static Instance *
instance_from_json (Hive *hive, JsonObject *object, const char *path, GError **error)
{
  JsonNode *node = json_object_get_member (object, "options");
  const char *worker_id = json_get_string (object, "worker_id", "");
  g_autoptr (InstanceOptions) options = NULL;
  InstanceModel *model;
  Instance *instance;
  int code;

  if (node && JSON_NODE_HOLDS_OBJECT (node) && worker_id_is_valid (worker_id))
    options = instance_options_from_json (json_node_get_object (node));
  if (!options)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "%s is not the record of an instance", path);
      return NULL;
    }
  if (!model_from_json (object, options, &model, error))
    return NULL;
  instance = instance_new (hive, worker_id, g_steal_pointer (&options), model);
  instance->version = g_strdup (json_get_string (object, "version", ""));
  instance->error = g_strdup (json_get_string (object, "error_message", NULL));
  if (hive_error_from_name (json_get_string (object, "error_name", ""), &code))
    instance->error_code = code;
  instance->diagnosed = instance->error != NULL;
  return instance;
}

Instance *
instance_read (Hive *hive, const char *name, GError **error)
{
  g_autofree char *path = record_path (hive, name, ".json");
  g_autofree char *text = file_read (path, RECORD_MAX, NULL, error);
  g_autoptr (JsonObject) object = text ? json_parse_object (text, -1, path, HIVE_ERROR_FAILED, error) : NULL;

  return object ? instance_from_json (hive, object, path, error) : NULL;
}

/* A container that is restarted may have its machine's boot id: /run is what a boot empties. */
static char *
mark_path (const Instance *instance)
{
  return g_strdup_printf ("/run/rbee-hived/%s.instance", instance->options->name);
}

bool
instance_mark (const Instance *instance, GError **error)
{
  g_autofree char *path = mark_path (instance);

  return file_replace (path, instance->goal == INSTANCE_RUN ? RUNS : "", -1, false, error);
}

bool
instance_is_marked (const Instance *instance, InstanceGoal *ret_goal)
{
  g_autofree char *path = mark_path (instance);
  g_autofree char *text = file_read (path, RECORD_MAX, NULL, NULL);

  *ret_goal = g_strcmp0 (text, RUNS) == 0 ? INSTANCE_RUN : INSTANCE_LISTEN;
  return text != NULL;
}

void
instance_forget (const Instance *instance)
{
  g_autofree char *mark = mark_path (instance);
  g_autofree char *record = record_path (instance->hive, instance->options->name, ".json");
  g_autofree char *key = record_path (instance->hive, instance->options->name, ".key");

  if (instance->model)
    instance_model_unlink (instance->model, instance->options->name);
  unlink (record);
  unlink (mark);
  unlink (key);
}

char *
instance_key_file (const Instance *instance)
{
  if (instance_options_are_unix (instance->options) || !instance->rule || !instance->rule->key_arguments)
    return NULL;
  return record_path (instance->hive, instance->options->name, ".key");
}

bool
instance_make_key (const Instance *instance, GError **error)
{
  g_autofree char *path = instance_key_file (instance);
  g_autofree char *folder = path ? g_path_get_dirname (path) : NULL;
  unsigned char bytes[KEY_BYTES];
  char text[2 * KEY_BYTES + 2];
  g_auto (Fd) fd = -1;
  int r;

  if (!path || access (path, F_OK) == 0)
    return true;
  if (!file_make_directories (folder, error))
    return false;
  if (getrandom (bytes, sizeof bytes, 0) != sizeof bytes)
    return hive_error_set_errno (error, errno, "Cannot make a key");
  for (gsize i = 0; i < sizeof bytes; i++)
    g_snprintf (text + 2 * i, 3, "%02x", bytes[i]);
  text[sizeof text - 2] = '\n';
  fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  r = fd < 0 ? -errno : file_write_all (fd, text, sizeof text - 1);
  return r >= 0 || hive_error_set_errno (error, -r, "Cannot write %s", path);
}
