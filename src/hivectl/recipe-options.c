/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recipe-options.h"

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
  if (options->check)
    client_must (sd_bus_message_append (call, "{sv}", "check", "b", 1));
  if (options->reinstall)
    client_must (sd_bus_message_append (call, "{sv}", "reinstall", "b", 1));
  if (options->install_dependencies)
    client_must (sd_bus_message_append (call, "{sv}", "install_dependencies", "b", 1));
  client_must (sd_bus_message_close_container (call));
}
