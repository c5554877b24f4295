/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "client.h"
#include "options.h"

/* Instances, as the hive tells them. */

/* What ListInstances says. */
JsonNode *instance_client_list (Client *client, GError **error);

/* Whether the hive can start workers, as long as it does not say that it cannot, which an older one never does. */
bool instance_client_runs_workers (Client *client);

/* All that it says of one; NULL and an error that names it. */
JsonObject *instance_client_get (Client *client, const char *name, GError **error);

/* The object of one. Free with g_free. */
char *instance_client_path (const char *name);

/* {"instance": NAME}, with --json: what was asked for was done. */
void instance_client_print (const Options *options, const char *name);

/* Waits until it is ready: then true. An error says why it failed, with what it printed last. */
bool instance_client_wait (Client *client, const char *path, GError **error);

/* Ends and makes again the instance @name; with @wait until it is ready. */
bool instance_client_restart (Client *client, const char *name, bool wait, GError **error);
