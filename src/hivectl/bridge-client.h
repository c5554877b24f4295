/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

/* Where a bridge listens, and what to do where it does not. */
typedef struct
{
  const char *socket;
  const char *advice;
} BridgeAddress;

/* Asks the bridge (rbee-hive-bridge) over its Unix socket, where whoever connects is known: POSTs an empty
 * object to @path. Its answer; NULL and an error whose code is an exit status when there is none, or a refusal. */
JsonObject *bridge_client_post (const BridgeAddress *bridge, const char *path, GError **error);
