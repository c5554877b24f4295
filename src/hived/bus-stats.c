/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-stats.h"

#include <errno.h>
#include <glib.h>

int
bus_stats_ask (sd_bus *bus, sd_bus_slot **ret_slot, const char *name, sd_bus_message_handler_t handler, void *userdata)
{
  return sd_bus_call_method_async (bus, ret_slot, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                   "org.freedesktop.DBus.Debug.Stats", "GetConnectionStats", handler, userdata, "s",
                                   name);
}

int
bus_stats_read (sd_bus_message *answer, BusStats *ret)
{
  const struct
  {
    const char *key;
    uint32_t *value;
  } known[] = { { "IncomingBytes", &ret->said_bytes },
                { "OutgoingBytes", &ret->unread_bytes },
                { "OutgoingFDs", &ret->unread_fds } };
  unsigned found = 0;
  int r;

  if (sd_bus_message_is_method_error (answer, NULL) > 0)
    return sd_bus_message_is_method_error (answer, SD_BUS_ERROR_NAME_HAS_NO_OWNER) > 0 ? -ENXIO : -EOPNOTSUPP;
  r = sd_bus_message_enter_container (answer, 'a', "{sv}");
  while (r >= 0 && (r = sd_bus_message_enter_container (answer, 'e', "sv")) > 0)
    {
      uint32_t *value = NULL;
      const char *key;

      r = sd_bus_message_read (answer, "s", &key);
      for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (known); i++)
        if (g_str_equal (known[i].key, key))
          value = known[i].value;
      found += value != NULL;
      if (r >= 0)
        r = value ? sd_bus_message_read (answer, "v", "u", value) : sd_bus_message_skip (answer, "v");
      if (r >= 0)
        r = sd_bus_message_exit_container (answer);
    }
  return r < 0 ? r : found == G_N_ELEMENTS (known) ? 0 : -EOPNOTSUPP;
}
