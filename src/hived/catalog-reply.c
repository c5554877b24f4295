/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-reply.h"

#include "bus-dict.h"
#include "json.h"
#include "registry.h"

static const char *const entry_strings[] = { "id",          "name",           "version",        "description",
                                             "license",     "implementation", "worker_type",    "build_system",
                                             "binary_name", "install_path",   "install_command" };
static const char *const entry_lists[] = { "platforms",         "architectures", "depends", "makedepends",
                                           "supported_formats", "backends",      "missing", "unknown" };
static const char *const entry_flags[] = { "supports_streaming", "supports_batching", "compatible" };

int
catalog_reply_append (Hive *hive, sd_bus_message *message, JsonObject *entry)
{
  g_autofree char *installed = registry_version (hive->registry, json_get_string (entry, "id", ""));
  int r;

  r = sd_bus_message_open_container (message, 'a', "{sv}");
  for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (entry_strings); i++)
    r = bus_dict_append_string (message, entry_strings[i], json_get_string (entry, entry_strings[i], ""));
  for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (entry_lists); i++)
    {
      g_auto (GStrv) list = json_get_strings (entry, entry_lists[i]);

      r = bus_dict_append_strings (message, entry_lists[i], list);
    }
  for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (entry_flags); i++)
    r = bus_dict_append_bool (message, entry_flags[i], json_get_bool (entry, entry_flags[i], false));
  if (r >= 0)
    r = bus_dict_append_uint64 (message, "max_context_length",
                                (uint64_t)MAX (0, json_get_int (entry, "max_context_length", 0)));
  if (r >= 0)
    r = bus_dict_append_string (message, "installed_version", installed);
  return r < 0 ? r : sd_bus_message_close_container (message);
}
