/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capabilities.h"

#include <string.h>
#include <unistd.h>

#include "bus-dict.h"
#include "error.h"
#include "file.h"
#include "json.h"
#include "registry.h"

#define FILE_MAX         (4 * 1024 * 1024)
#define NVIDIA_DIRECTORY "/proc/driver/nvidia/gpus"

/* The value of the first line "KEY : value" of a file in /proc, or NULL. */
static char *
proc_value (const char *path, const char *key)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line; line++)
    {
      char *colon = strchr (*line, ':');

      if (!colon || !g_str_has_prefix (*line, key))
        continue;
      *colon = '\0';
      if (g_str_equal (g_strchomp (*line), key))
        return g_utf8_make_valid (g_strstrip (colon + 1), -1);
    }
  return NULL;
}

static JsonObject *
device_new (const char *id, const char *name, const char *type, gint64 cores, gint64 memory)
{
  JsonObject *device = json_object_new ();

  json_object_set_string_member (device, "id", id);
  json_object_set_string_member (device, "name", name);
  json_object_set_string_member (device, "device_type", type);
  json_object_set_int_member (device, "cores", cores);
  json_object_set_int_member (device, "memory", memory);
  return device;
}

static JsonObject *
device_cpu (const Hive *hive)
{
  g_autofree char *name = proc_value ("/proc/cpuinfo", "model name");

  return device_new ("cpu-0", name ? name : hive->architecture, "cpu", sysconf (_SC_NPROCESSORS_ONLN),
                     (gint64)sysconf (_SC_PHYS_PAGES) * sysconf (_SC_PAGESIZE));
}

/* The kernel's driver says which cards there are; how much memory they have only a program of theirs could say (0:
 * unknown). */
static void
devices_add_nvidia (JsonArray *devices)
{
  g_autoptr (GDir) directory = g_dir_open (NVIDIA_DIRECTORY, 0, NULL);
  const char *entry;

  for (int i = 0; directory && (entry = g_dir_read_name (directory)); i++)
    {
      g_autofree char *path = g_build_filename (NVIDIA_DIRECTORY, entry, "information", NULL);
      g_autofree char *name = proc_value (path, "Model");
      g_autofree char *id = g_strdup_printf ("cuda-%d", i);

      json_array_add_object_element (devices, device_new (id, name ? name : "NVIDIA GPU", "cuda", 0, 0));
    }
}

static JsonArray *
capabilities_workers (Hive *hive)
{
  JsonArray *workers = json_array_new ();
  g_auto (GStrv) ids = registry_ids (hive->registry);

  for (char **id = ids; *id; id++)
    {
      g_autoptr (GError) error = NULL;
      const WorkerRecord *record = registry_get (hive->registry, *id, &error);
      g_autofree char *binary = NULL;
      JsonObject *worker;

      if (!record)
        {
          g_warning ("A worker is passed over: %s", error->message);
          continue;
        }
      binary = configuration_installed_path (hive->configuration, record->binary ? record->binary : "");
      worker = json_object_new ();
      json_object_set_string_member (worker, "id", record->id);
      json_object_set_string_member (worker, "version", record->version ? record->version : "");
      json_object_set_string_member (worker, "binary", binary);
      json_array_add_object_element (workers, worker);
    }
  return workers;
}

static JsonObject *
capabilities_make (Hive *hive)
{
  JsonObject *object = json_object_new ();
  JsonArray *devices = json_array_new ();

  json_array_add_object_element (devices, device_cpu (hive));
  devices_add_nvidia (devices);
  json_object_set_int_member (object, "format", 1);
  json_object_set_int_member (object, "updated_at", g_get_real_time ());
  json_object_set_string_member (object, "architecture", hive->architecture);
  json_object_set_string_member (object, "platform", HIVE_PLATFORM);
  json_object_set_array_member (object, "devices", devices);
  json_object_set_array_member (object, "workers", capabilities_workers (hive));
  return object;
}

bool
capabilities_refresh (Hive *hive, GError **error)
{
  g_autofree char *path = configuration_state_path (hive->configuration, "capabilities.json", NULL);
  g_autoptr (JsonObject) object = capabilities_make (hive);
  g_autofree char *text = json_to_text (object, true);

  return file_replace (path, text, -1, false, error);
}

/* The file, or what it would say when it can't be read. */
static JsonObject *
capabilities_read (Hive *hive)
{
  g_autofree char *path = configuration_state_path (hive->configuration, "capabilities.json", NULL);
  g_autofree char *text = NULL;
  JsonObject *object = NULL;
  size_t size;

  text = file_read (path, FILE_MAX, &size, NULL);
  if (text)
    object = json_parse_object (text, (ssize_t)size, path, HIVE_ERROR_FAILED, NULL);
  return object ? object : capabilities_make (hive);
}

static int
capabilities_append_device (sd_bus_message *message, JsonObject *device)
{
  static const char *const strings[] = { "id", "name", "device_type" };
  int r = 0;

  for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (strings); i++)
    r = bus_dict_append_string (message, strings[i], json_get_string (device, strings[i], ""));
  if (r < 0 || (r = bus_dict_append_uint32 (message, "cores", (uint32_t)json_get_int (device, "cores", 0))) < 0)
    return r;
  return bus_dict_append_uint64 (message, "memory", (uint64_t)json_get_int (device, "memory", 0));
}

static int
capabilities_append_worker (sd_bus_message *message, JsonObject *worker)
{
  static const char *const strings[] = { "id", "version", "binary" };
  int r = 0;

  for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (strings); i++)
    r = bus_dict_append_string (message, strings[i], json_get_string (worker, strings[i], ""));
  return r;
}

/* One entry @key of type aa{sv}: each object of the array @key of @object, by @append. */
static int
capabilities_append_list (sd_bus_message *message, JsonObject *object, const char *key,
                          int (*append) (sd_bus_message *, JsonObject *))
{
  JsonNode *node = json_object_get_member (object, key);
  JsonArray *array = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  int r;

  if ((r = sd_bus_message_open_container (message, 'e', "sv")) < 0 ||
      (r = sd_bus_message_append_basic (message, 's', key)) < 0 ||
      (r = sd_bus_message_open_container (message, 'v', "aa{sv}")) < 0 ||
      (r = sd_bus_message_open_container (message, 'a', "a{sv}")) < 0)
    return r;
  for (guint i = 0; array && i < json_array_get_length (array); i++)
    {
      JsonNode *element = json_array_get_element (array, i);

      if (!JSON_NODE_HOLDS_OBJECT (element))
        continue;
      if ((r = sd_bus_message_open_container (message, 'a', "{sv}")) < 0 ||
          (r = append (message, json_node_get_object (element))) < 0 ||
          (r = sd_bus_message_close_container (message)) < 0)
        return r;
    }
  for (int i = 0; i < 3; i++)
    if ((r = sd_bus_message_close_container (message)) < 0)
      return r;
  return 0;
}

static int
capabilities_append_configuration (sd_bus_message *message, const Configuration *configuration)
{
  int r;

  if ((r = bus_dict_append_string (message, "install-root", configuration->install_root)) < 0 ||
      (r = bus_dict_append_strings (message, "install-prefixes", configuration->install_prefixes)) < 0 ||
      (r = bus_dict_append_uint32 (message, "max-parallel", configuration->max_parallel)) < 0 ||
      (r = bus_dict_append_uint64 (message, "max-log-size", configuration->max_log_size)) < 0 ||
      (r = bus_dict_append_string (message, "libexec-directory", configuration->libexec_directory)) < 0 ||
      (r = bus_dict_append_string (message, "state-directory", configuration->state_directory)) < 0)
    return r;
  return bus_dict_append_string (message, "cache-directory", configuration->cache_directory);
}

static int
capabilities_append_sandbox (sd_bus_message *message, JsonObject *sandbox, const GError *failure)
{
  bool works = sandbox && json_get_bool (sandbox, "works", false);
  const char *why = sandbox ? json_get_string (sandbox, "why", "") : failure->message;
  int r;

  if ((r = bus_dict_append_bool (message, "sandbox", works)) < 0 ||
      (r = bus_dict_append_string (message, "sandbox-error", works ? "" : why)) < 0)
    return r;
  return bus_dict_append_string (message, "sandbox-hint",
                                 works || !sandbox ? "" : json_get_string (sandbox, "hint", ""));
}

int
capabilities_append (Hive *hive, sd_bus_message *message, JsonObject *sandbox, const GError *failure)
{
  g_autoptr (JsonObject) object = capabilities_read (hive);
  int r;

  if ((r = sd_bus_message_open_container (message, 'a', "{sv}")) < 0 ||
      (r = bus_dict_append_uint64 (message, "updated_at", (uint64_t)json_get_int (object, "updated_at", 0))) < 0 ||
      (r = bus_dict_append_string (message, "architecture", hive->architecture)) < 0 ||
      (r = bus_dict_append_string (message, "platform", HIVE_PLATFORM)) < 0 ||
      (r = capabilities_append_list (message, object, "devices", capabilities_append_device)) < 0 ||
      (r = capabilities_append_list (message, object, "workers", capabilities_append_worker)) < 0 ||
      (r = capabilities_append_sandbox (message, sandbox, failure)) < 0 ||
      (r = capabilities_append_configuration (message, hive->configuration)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}
