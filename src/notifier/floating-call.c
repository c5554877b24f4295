/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "floating-call.h"

#include <stdbool.h>

int
floating_call_send (sd_bus *bus, sd_bus_message *call, sd_bus_message_handler_t on_answer, void *data,
                    sd_bus_destroy_t free_data, uint64_t patience)
{
  sd_bus_slot *slot = NULL;
  int r = sd_bus_call_async (bus, &slot, call, on_answer, data, patience);

  sd_bus_message_unref (call);
  if (r < 0)
    return r;
  sd_bus_slot_set_destroy_callback (slot, free_data);
  sd_bus_slot_set_floating (slot, true);
  sd_bus_slot_unref (slot);
  return 0;
}
