/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/* Asks the hive, which is not started by it, for one property of an object. @on_answer and @free_data as of
 * floating_call_send(). A negative errno: it was not asked, and @data is still the caller's. */
int property_question_ask (sd_bus *bus, const char *path, const char *interface, const char *property,
                           sd_bus_message_handler_t on_answer, void *data, sd_bus_destroy_t free_data);

/* The same of the worker of that id. */
int property_question_ask_worker (sd_bus *bus, const char *worker, const char *property,
                                  sd_bus_message_handler_t on_answer, void *data, sd_bus_destroy_t free_data);
