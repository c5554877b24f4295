/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "device.h"
#include "hive.h"

/* What this machine is and has: capabilities.json, rewritten whole each time, never patched. Its devices are
 * looked at by a short unit that may open them (`rbee-hive-builder --query devices`), at the first use in a boot and
 * when somebody asks for it; what that says is checked before it is believed. */
typedef struct Capabilities Capabilities;

/* Called once, when the devices were looked at; @failure: that, or noting it, failed. */
typedef void (*CapabilitiesHandler) (const GError *failure, void *userdata);

/* Takes over what an earlier daemon noted in this boot. */
Capabilities *capabilities_new (Hive *hive);
void capabilities_free (Capabilities *capabilities);

/* Whether anybody has looked at the devices in this boot, whatever came of it. */
bool capabilities_are_known (const Hive *hive);

/* Looks at them for the user @uid and writes the file. Within a second of the last look there is nothing new. False
 * (then
 * @handler isn't called) and LimitsExceeded. */
bool capabilities_look (Hive *hive, uid_t uid, CapabilitiesHandler handler, void *userdata, GError **error);

/* Writes the file: devices as they are known, workers as they are installed. Failed or NoSpace. */
bool capabilities_write (Hive *hive, GError **error);

/* What the file says. */
JsonObject *capabilities_to_json (Hive *hive);

/* Appends the a{sv} of GetCapabilities; @sandbox is the builder's answer, or NULL with the reason in @failure. 0 or a
 * negative errno. */
int capabilities_append (Hive *hive, sd_bus_message *message, JsonObject *sandbox, const GError *failure);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Capabilities, capabilities_free)
