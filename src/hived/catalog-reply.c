/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-reply.h"

#include "bus-dict.h"
#include "error.h"
#include "json.h"
#include "registry.h"

static const char *const entry_strings[] = { "id",
                                             "name",
                                             "version",
                                             "description",
                                             "license",
                                             "implementation",
                                             "worker_type",
                                             "build_system",
                                             "binary_name",
                                             "install_path",
                                             "install_command",
                                             "catalog",
                                             "backend",
                                             "backend_reason",
                                             "incompatible_because",
                                             "readme_url",
                                             "cover_image",
                                             "source_url" };
static const char *const entry_lists[] = { "platforms", "architectures", "depends", "makedepends", "supported_formats",
                                           "backends",  "missing",       "unknown", "sources",     "catalogs" };
static const char *const entry_flags[] = { "supports_streaming", "supports_batching", "compatible" };
static const char *const entry_numbers[] = { "max_context_length", "stale_since" };

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
  for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (entry_numbers); i++)
    r = bus_dict_append_uint64 (message, entry_numbers[i],
                                (uint64_t)MAX (0, json_get_int (entry, entry_numbers[i], 0)));
  if (r >= 0)
    r = bus_dict_append_string (message, "installed_version", installed);
  return r < 0 ? r : sd_bus_message_close_container (message);
}

static int
append_state (sd_bus_message *message, const CatalogState *state)
{
  const CatalogConfiguration *catalog = state->configuration;
  int r;

  if ((r = sd_bus_message_open_container (message, 'a', "{sv}")) < 0 ||
      (r = bus_dict_append_string (message, "name", catalog->name)) < 0 ||
      (r = bus_dict_append_string (message, "url", catalog->shown_url)) < 0 ||
      (r = bus_dict_append_uint32 (message, "priority", catalog->priority)) < 0 ||
      (r = bus_dict_append_bool (message, "signed", catalog->signing_key != NULL)) < 0 ||
      (r = bus_dict_append_uint32 (message, "workers", state->workers)) < 0 ||
      (r = bus_dict_append_uint64 (message, "asked_at", (uint64_t)state->asked_at)) < 0 ||
      (r = bus_dict_append_uint64 (message, "answered_at", (uint64_t)state->answered_at)) < 0 ||
      (r = bus_dict_append_string (message, "error_name", state->message ? hive_error_name (state->error) : "")) < 0 ||
      (r = bus_dict_append_string (message, "error_message", state->message)) < 0 ||
      (r = bus_dict_append_strings (message, "skipped", state->skipped)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

int
catalog_reply_states (Hive *hive, sd_bus_message *message)
{
  sd_bus_message *reply = NULL;
  const CatalogState *states;
  guint count;
  int r;

  states = catalogs_state (hive->catalogs, &count);
  r = sd_bus_message_new_method_return (message, &reply);
  if (r >= 0)
    r = sd_bus_message_open_container (reply, 'a', "a{sv}");
  for (guint i = 0; r >= 0 && i < count; i++)
    r = append_state (reply, &states[i]);
  return bus_reply_send_list (reply, r);
}
