/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <systemd/sd-bus.h>

/* The next value of @message as JSON: dictionaries with string keys are objects, structs and other arrays are arrays,
 * variants are what is in them. A negative errno when there is none or it cannot be JSON (a descriptor). */
int bus_json_read (sd_bus_message *message, JsonNode **ret_node);

/* The next value of @message, an aa{sv}, of which each object has the members @keys alone: of a long list that a person
 * sees, most is never shown. A negative errno when it is something else. */
int bus_json_read_rows (sd_bus_message *message, const char *const *keys, JsonNode **ret_node);
