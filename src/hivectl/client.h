/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "exit-status.h"
#include "names.h"

/* How long an answer may take. */
#define CLIENT_SOON    (25 * G_USEC_PER_SEC)
#define CLIENT_FETCH   (90 * G_USEC_PER_SEC)  /* the hive asks a catalog, or tries a sandbox */
#define CLIENT_CONFIRM (900 * G_USEC_PER_SEC) /* somebody types a password: the hive loses patience first */
#define CLIENT_READ    (900 * G_USEC_PER_SEC) /* the hive reads every installed file */

/* An error whose code is the exit status that fits it. */
#define CLIENT_ERROR (client_error_quark ())
GQuark client_error_quark (void);

/* The connection to a hive: made at the first call, and made again by a call after it broke off. */
typedef struct Client Client;

/* @host: USER@HOST, reached by ssh; NULL: the system bus of this machine. @asks: whether a call that takes a password
 * may ask for it, be it on this terminal. */
Client *client_new (const char *host, bool asks);
void client_free (Client *client);

/* The bus, connected. */
sd_bus *client_bus (Client *client, GError **error);

/* Where the hive is looked for, for people. */
const char *client_where (const Client *client);

/* Whether that is another machine; its --host. */
bool client_is_remote (const Client *client);
const char *client_host (const Client *client);

/* A new call of @member, its arguments still to be appended. NULL and @error when there is no bus. */
sd_bus_message *client_new_call (Client *client, const char *path, const char *interface, const char *member,
                                 GError **error);

/* Sends @call (and releases it) and waits for its answer; NULL and an error whose code is an exit status. While a
 * password is asked for @timeout does not count. */
sd_bus_message *client_send (Client *client, sd_bus_message *call, uint64_t timeout, GError **error);

/* Both for arguments that sd_bus_message_append(3) knows: @types and what they say. */
sd_bus_message *client_call (Client *client, const char *path, const char *interface, const char *member,
                             uint64_t timeout, GError **error, const char *types, ...);

/* The first value of @reply (released) as JSON. NULL also when @reply is NULL: calls may be nested. */
JsonNode *client_read (sd_bus_message *reply, GError **error);

/* The same, and it is an array, or an object. */
JsonNode *client_read_as (JsonNodeType type, sd_bus_message *reply, GError **error);

/* The list of dictionaries that @reply (released) is, with the members @keys alone; NULL as above. */
JsonNode *client_read_rows (sd_bus_message *reply, const char *const *keys, GError **error);

/* The path in @reply (released); NULL as above. */
char *client_read_path (sd_bus_message *reply, GError **error);

/* All properties of an object. */
JsonObject *client_get_all (Client *client, const char *path, const char *interface, GError **error);

/* What is installed, as of ListWorkers. */
JsonNode *client_list_workers (Client *client, GError **error);

/* What CheckUpdates finds. */
JsonNode *client_check_updates (Client *client, GError **error);

/* What GetCapabilities says. */
JsonNode *client_get_capabilities (Client *client, GError **error);

/* The hive.conf that the hive reads. */
char *client_configuration_file (Client *client, GError **error);

/* The object of the job @id. */
char *client_find_job (Client *client, const char *id, GError **error);

/* The exit status of a failure by its D-Bus name, or by the short one that jobs have. */
ExitStatus client_status_of (const char *error_name);

/* sd_bus_message_append() and the like fail only when memory ran out or the program is wrong. */
void client_must (int r);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (sd_bus_message, sd_bus_message_unref)
