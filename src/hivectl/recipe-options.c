/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recipe-options.h"

#include <stdlib.h>

char *
recipe_options_folder (const Options *options, const char *path)
{
  g_autofree char *real = options->host ? NULL : realpath (path, NULL);

  return real ? g_steal_pointer (&real) : g_canonicalize_filename (path, NULL);
}

void
recipe_options_append (const Options *options, sd_bus_message *call)
{
  client_must (sd_bus_message_open_container (call, SD_BUS_TYPE_ARRAY, "{sv}"));
  if (options->backend)
    client_must (sd_bus_message_append (call, "{sv}", "backend", "s", options->backend));
  if (options->source)
    client_must (sd_bus_message_append (call, "{sv}", "source", "s", options->source));
  if (options->network)
    client_must (sd_bus_message_append (call, "{sv}", "network", "s", options->network));
  if (options->from)
    {
      g_autofree char *folder = recipe_options_folder (options, options->from);

      client_must (sd_bus_message_append (call, "{sv}", "from", "s", folder));
    }
  if (options->cpu)
    client_must (sd_bus_message_append (call, "{sv}", "cpu", "s", options->cpu));
  if (options->check)
    client_must (sd_bus_message_append (call, "{sv}", "check", "b", 1));
  if (options->reinstall)
    client_must (sd_bus_message_append (call, "{sv}", "reinstall", "b", 1));
  if (options->install_dependencies)
    client_must (sd_bus_message_append (call, "{sv}", "install_dependencies", "b", 1));
  client_must (sd_bus_message_close_container (call));
}
