/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-dict.h"
#include "cache-check.h"
#include "capabilities.h"
#include "json.h"
#include "machine.h"
#include "unfinished.h"

static int
capabilities_append_strings (sd_bus_message *message, JsonObject *object, const char *const *keys)
{
  int r = 0;

  for (; r >= 0 && *keys; keys++)
    r = bus_dict_append_string (message, *keys, json_get_string (object, *keys, ""));
  return r;
}

static int
capabilities_append_device (sd_bus_message *message, JsonObject *device)
{
  static const char *const strings[] = { "id", "name", "device_type", "compute_capability", "driver", "uuid", NULL };
  g_auto (GStrv) nodes = json_get_strings (device, "nodes");
  g_auto (GStrv) sets = json_get_strings (device, "instruction_sets");
  int r;

  if ((r = capabilities_append_strings (message, device, strings)) < 0 ||
      (r = bus_dict_append_uint32 (message, "cores", (uint32_t)json_get_int (device, "cores", 0))) < 0 ||
      (r = bus_dict_append_uint64 (message, "memory", (uint64_t)json_get_int (device, "memory", 0))) < 0 ||
      (r = bus_dict_append_double (message, "vram_gb", json_object_get_double_member (device, "vram_gb"))) < 0 ||
      (r = bus_dict_append_strings (message, "nodes", nodes)) < 0)
    return r;
  return bus_dict_append_strings (message, "instruction_sets", sets);
}

static int
capabilities_append_worker (sd_bus_message *message, JsonObject *worker)
{
  static const char *const strings[] = { "id", "version", "binary", NULL };

  return capabilities_append_strings (message, worker, strings);
}

static int
capabilities_append_toolchain (sd_bus_message *message, JsonObject *toolchain)
{
  static const char *const strings[] = { "name", "version", "path", "configuration", NULL };
  int r = capabilities_append_strings (message, toolchain, strings);

  return r < 0 ? r : bus_dict_append_bool (message, "visible", json_get_bool (toolchain, "visible", false));
}

static int
capabilities_append_unfinished (sd_bus_message *message, JsonObject *unfinished)
{
  static const char *const strings[] = { "worker_id", "job", "message", NULL };

  return capabilities_append_strings (message, unfinished, strings);
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

  if ((r = bus_dict_append_respelled_string (message, "install_root", configuration->install_root)) < 0 ||
      (r = bus_dict_append_respelled_strings (message, "install_prefixes", configuration->install_prefixes)) < 0 ||
      (r = bus_dict_append_respelled_strings (message, "install_allow", configuration->install_allow)) < 0 ||
      (r = bus_dict_append_uint32 (message, "max_parallel", configuration->max_parallel)) < 0 ||
      (r = bus_dict_append_uint32 (message, "max-parallel", configuration->max_parallel)) < 0 ||
      (r = bus_dict_append_uint64 (message, "max_log_size", configuration->max_log_size)) < 0 ||
      (r = bus_dict_append_uint64 (message, "max-log-size", configuration->max_log_size)) < 0 ||
      (r = bus_dict_append_respelled_string (message, "libexec_directory", configuration->libexec_directory)) < 0 ||
      (r = bus_dict_append_respelled_string (message, "state_directory", configuration->state_directory)) < 0)
    return r;
  return bus_dict_append_respelled_string (message, "cache_directory", configuration->cache_directory);
}

static int
capabilities_append_sandbox (Hive *hive, sd_bus_message *message, JsonObject *sandbox, const GError *failure)
{
  g_autofree char *closed = NULL, *open = NULL;
  bool works = sandbox && json_get_bool (sandbox, "works", false) && cache_check (hive, &closed, &open);
  const char *why = closed ? closed : sandbox ? json_get_string (sandbox, "why", "") : failure->message;
  const char *hint = open ? open : sandbox ? json_get_string (sandbox, "hint", "") : "";
  int r;

  if ((r = bus_dict_append_bool (message, "sandbox", works)) < 0 ||
      (r = bus_dict_append_respelled_string (message, "sandbox_error", why)) < 0 ||
      (r = bus_dict_append_respelled_string (message, "sandbox_hint", hint)) < 0 ||
      (r = bus_dict_append_respelled_string (message, "network_error",
                                             works ? json_get_string (sandbox, "network_why", "") : "")) < 0)
    return r;
  return bus_dict_append_respelled_string (message, "network_hint",
                                           works ? json_get_string (sandbox, "network_hint", "") : "");
}

/* What an answer has to say, be it one or not. */
static int
capabilities_append_toolchains (sd_bus_message *message, JsonObject *sandbox)
{
  g_autoptr (JsonObject) none = sandbox ? NULL : json_object_new ();

  return capabilities_append_list (message, none ? none : sandbox, "toolchains", capabilities_append_toolchain);
}

int
capabilities_append (Hive *hive, sd_bus_message *message, JsonObject *sandbox, const GError *failure)
{
  g_autoptr (JsonObject) object = capabilities_to_json (hive);
  g_auto (GStrv) warnings = json_get_strings (object, "warnings");
  int r;

  json_object_set_array_member (object, "unfinished", unfinished_list (hive->configuration));

  if ((r = sd_bus_message_open_container (message, 'a', "{sv}")) < 0 ||
      (r = bus_dict_append_uint64 (message, "updated_at", (uint64_t)json_get_int (object, "updated_at", 0))) < 0 ||
      (r = bus_dict_append_string (message, "architecture", hive->architecture)) < 0 ||
      (r = bus_dict_append_string (message, "platform", MACHINE_PLATFORM)) < 0 ||
      (r = bus_dict_append_bool (message, "runs_workers", hive_runs_workers (hive))) < 0 ||
      (r = capabilities_append_list (message, object, "devices", capabilities_append_device)) < 0 ||
      (r = bus_dict_append_respelled_strings (message, "device_warnings", warnings)) < 0 ||
      (r = capabilities_append_toolchains (message, sandbox)) < 0 ||
      (r = capabilities_append_list (message, object, "workers", capabilities_append_worker)) < 0 ||
      (r = capabilities_append_list (message, object, "unfinished", capabilities_append_unfinished)) < 0 ||
      (r = capabilities_append_sandbox (hive, message, sandbox, failure)) < 0 ||
      (r = capabilities_append_configuration (message, hive->configuration)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}
