/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/* Sends @call (and releases it), whose answer nobody waits for: @on_answer has it with @data, which is then freed by
 * @free_data, as it is when the bus is closed before. @patience: µs; 0: the bus's own. A negative errno: it was not
 * sent, and @data is still the caller's. */
int floating_call_send (sd_bus *bus, sd_bus_message *call, sd_bus_message_handler_t on_answer, void *data,
                        sd_bus_destroy_t free_data, uint64_t patience);
