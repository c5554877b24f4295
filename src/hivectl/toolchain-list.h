/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "client.h"

/* The toolchains of GetCapabilities and, when the hive is this machine's, those in the caller's home, which no process
 * of the hive looks into. */
JsonArray *toolchain_list_read (Client *client, JsonObject *capabilities);

/* Shows them as lines "name version  path", and what the folder of drop-ins needs for those that recipes don't find. */
void toolchain_list_print (JsonArray *toolchains, const char *folder);
