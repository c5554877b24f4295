/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive.h"

/* What this machine is and has: capabilities.json, made anew from the truth each time, never patched. */

/* Looks at the machine and writes the file. Failed or NoSpace. */
bool capabilities_refresh (Hive *hive, GError **error);

/* Appends the a{sv} of GetCapabilities; @sandbox is the builder's answer, or NULL with the reason in @failure. 0 or a
 * negative errno. */
int capabilities_append (Hive *hive, sd_bus_message *message, JsonObject *sandbox, const GError *failure);
