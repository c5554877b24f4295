/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive.h"

/* Appends a catalog entry, as the builder's query prints it, as a{sv} with the version that is installed. 0 or a
 * negative errno. */
int catalog_reply_append (Hive *hive, sd_bus_message *message, JsonObject *entry);

/* Answers @message with what is known of each catalog, aa{sv}. 1 or a negative errno. */
int catalog_reply_states (Hive *hive, sd_bus_message *message);
