/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>

#include "agent.h"
#include "bus-json.h"
#include "configuration.h"
#include "error.h"
#include "json.h"
#include "sentence.h"

struct Client
{
  char *host;
  char *where;
  bool asks;   /* for passwords */
  sd_bus *bus; /* NULL until it is needed */
};

GQuark
client_error_quark (void)
{
  return g_quark_from_static_string ("hivectl-error");
}

Client *
client_new (const char *host, bool asks)
{
  Client *client = g_new0 (Client, 1);
  const char *address = g_getenv ("DBUS_SYSTEM_BUS_ADDRESS");

  client->host = g_strdup (host);
  client->asks = asks;
  if (host)
    client->where = g_strdup_printf (_ ("the system bus of %s"), host);
  else if (address && *address)
    client->where = g_strdup_printf (_ ("the bus at %s"), address);
  else
    client->where = g_strdup (_ ("the system bus"));
  return client;
}

void
client_free (Client *client)
{
  sd_bus_flush_close_unref (client->bus);
  g_free (client->host);
  g_free (client->where);
  g_free (client);
}

const char *
client_where (const Client *client)
{
  return client->where;
}

bool
client_is_remote (const Client *client)
{
  return client->host != NULL;
}

const char *
client_host (const Client *client)
{
  return client->host;
}

void
client_must (int r)
{
  if (r < 0)
    g_error ("Cannot make a message: %s", g_strerror (-r));
}

#define SSH_RUNS   (-1)
#define SSH_KILLED (-2)

/* How the ssh that sd-bus started ended. sd-bus takes its status, and keeps it to itself. */
static volatile sig_atomic_t ssh_status = SSH_RUNS;

static void
client_on_child (int signal, siginfo_t *info, void *context)
{
  ssh_status = info->si_code == CLD_EXITED ? info->si_status : SSH_KILLED;
}

static void
client_watch_ssh (void)
{
  struct sigaction action = { .sa_sigaction = client_on_child, .sa_flags = SA_SIGINFO | SA_RESTART | SA_NOCLDSTOP };

  ssh_status = SSH_RUNS;
  sigaction (SIGCHLD, &action, NULL);
}

/* A connection that broke off is closed a moment before its ssh has ended. */
static int
client_ssh_status (void)
{
  for (int i = 0; i < 100 && ssh_status == SSH_RUNS; i++)
    g_usleep (10 * 1000);
  return ssh_status;
}

/* ssh ends with 255 where it fails itself, else as what it started there. */
static bool
client_set_ssh_failure (const Client *client, GError **error)
{
  g_autofree char *ssh = g_find_program_in_path ("ssh");
  int status = ssh ? client_ssh_status () : SSH_RUNS;

  if (!ssh)
    g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_NO_HIVE, _ ("--host needs ssh, which is not installed here"));
  else if (status == 255)
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_NO_HIVE,
                 _ ("ssh cannot reach %s; what it said stands above. Does 'ssh %s true' work?"), client->host,
                 client->host);
  else if (status == 127)
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_NO_HIVE,
                 _ ("ssh reached %s, and there is no systemd-stdio-bridge, by which --host speaks to the system bus"),
                 client->host);
  else if (status > 0)
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_NO_HIVE,
                 _ ("ssh reached %s, and systemd-stdio-bridge ended with status %d: is there a system bus?"),
                 client->host, status);
  return !ssh || status > 0;
}

/* No hive: what was tried, why not, and what to do. */
static void
client_set_no_hive (const Client *client, GError **error, const char *why)
{
  if (client->host && (!client->bus || sd_bus_is_open (client->bus) <= 0) && client_set_ssh_failure (client, error))
    return;
  if (client->host)
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_NO_HIVE,
                 _ ("No hive answers on %s: %s\n"
                    "Does 'ssh %s systemctl status rbee-hived' work, and say that it runs?"),
                 client->where, why, client->host);
  else
    g_set_error (
        error, CLIENT_ERROR, EXIT_STATUS_NO_HIVE,
        _ ("No hive answers on %s: %s\n"
           "Does it run? See 'systemctl status rbee-hived'; in a source tree start one by 'tools/try --keep'."),
        client->where, why);
}

sd_bus *
client_bus (Client *client, GError **error)
{
  int r;

  if (client->bus && sd_bus_is_open (client->bus) > 0)
    return client->bus;
  client->bus = sd_bus_close_unref (client->bus);
  if (client->host)
    client_watch_ssh ();
  r = client->host ? sd_bus_open_system_remote (&client->bus, client->host) : sd_bus_open_system (&client->bus);
  if (r < 0)
    {
      client_set_no_hive (client, error, g_strerror (-r));
      return NULL;
    }
  return client->bus;
}

sd_bus_message *
client_new_call (Client *client, const char *path, const char *interface, const char *member, GError **error)
{
  sd_bus *bus = client_bus (client, error);
  sd_bus_message *call = NULL;

  if (bus)
    client_must (sd_bus_message_new_method_call (bus, &call, HIVE_NAME, path, interface, member));
  return call;
}

ExitStatus
client_status_of (const char *error_name)
{
  static const char *const refusals[] = { SD_BUS_ERROR_ACCESS_DENIED, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                                          SD_BUS_ERROR_AUTH_FAILED, NULL };
  static const char *const absences[] = { SD_BUS_ERROR_SERVICE_UNKNOWN,
                                          SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                                          SD_BUS_ERROR_NO_REPLY,
                                          SD_BUS_ERROR_DISCONNECTED,
                                          SD_BUS_ERROR_NO_SERVER,
                                          SD_BUS_ERROR_TIMEOUT,
                                          NULL };
  int code = HIVE_ERROR_FAILED;

  if (g_strv_contains (absences, error_name))
    return EXIT_STATUS_NO_HIVE;
  if (g_strv_contains (refusals, error_name))
    return EXIT_STATUS_REFUSED;
  hive_error_from_name (error_name, &code);
  switch (code)
    {
    case HIVE_ERROR_INVALID_ARGUMENT:
      return EXIT_STATUS_USAGE;
    case HIVE_ERROR_WORKER_NOT_FOUND:
    case HIVE_ERROR_NOT_INSTALLED:
    case HIVE_ERROR_JOB_NOT_FOUND:
    case HIVE_ERROR_MODEL_NOT_FOUND:
    case HIVE_ERROR_NOT_RUNNING:
      return EXIT_STATUS_NOT_FOUND;
    case HIVE_ERROR_BUSY:
    case HIVE_ERROR_LIMITS_EXCEEDED:
    case HIVE_ERROR_NOT_CANCELLABLE:
    case HIVE_ERROR_IN_USE:
    case HIVE_ERROR_ADDRESS_IN_USE:
      return EXIT_STATUS_REFUSED;
    default:
      return EXIT_STATUS_FAILED;
    }
}

static void
client_set_failure (Client *client, GError **error, const sd_bus_error *failure, int r)
{
  g_autofree char *why =
      failure->message && *failure->message ? sentence_translate (failure->message) : g_strdup (g_strerror (-r));
  ExitStatus status = failure->name ? client_status_of (failure->name) : EXIT_STATUS_FAILED;

  /* A connection that broke off, or was never there (ssh failed), has many error numbers. */
  if (status == EXIT_STATUS_NO_HIVE || sd_bus_is_open (client->bus) <= 0)
    client_set_no_hive (client, error, why);
  else
    g_set_error_literal (error, CLIENT_ERROR, status, why);
}

/* Sends @call once more, and this time somebody may be asked for a password. */
static int
client_send_asking (Client *client, sd_bus_message *call, sd_bus_error *failure, sd_bus_message **ret_reply)
{
  g_autoptr (sd_bus_message) again = NULL;
  Agent *agent = client->host ? NULL : agent_new ();
  int r;

  client_must (sd_bus_message_new_method_call (client->bus, &again, HIVE_NAME, sd_bus_message_get_path (call),
                                               sd_bus_message_get_interface (call), sd_bus_message_get_member (call)));
  client_must (sd_bus_message_rewind (call, true));
  client_must (sd_bus_message_copy (again, call, true));
  client_must (sd_bus_message_set_allow_interactive_authorization (again, true));
  r = sd_bus_call (client->bus, again, CLIENT_CONFIRM, failure, ret_reply);
  agent_free (agent);
  return r;
}

sd_bus_message *
client_send (Client *client, sd_bus_message *call, uint64_t timeout, GError **error)
{
  sd_bus_error failure = SD_BUS_ERROR_NULL;
  sd_bus_message *reply = NULL;
  int r;

  r = sd_bus_call (client->bus, call, timeout, &failure, &reply);
  if (r < 0 && client->asks && sd_bus_error_has_name (&failure, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED))
    {
      sd_bus_error_free (&failure);
      r = client_send_asking (client, call, &failure, &reply);
    }
  if (r < 0)
    client_set_failure (client, error, &failure, r);
  sd_bus_error_free (&failure);
  sd_bus_message_unref (call);
  return reply;
}

sd_bus_message *
client_call (Client *client, const char *path, const char *interface, const char *member, uint64_t timeout,
             GError **error, const char *types, ...)
{
  sd_bus_message *call = client_new_call (client, path, interface, member, error);
  va_list arguments;

  if (!call)
    return NULL;
  va_start (arguments, types);
  client_must (sd_bus_message_appendv (call, types, arguments));
  va_end (arguments);
  return client_send (client, call, timeout, error);
}

static void
client_set_unreadable (GError **error, int r)
{
  g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("The hive's answer cannot be understood: %s"),
               g_strerror (-r));
}

JsonNode *
client_read (sd_bus_message *reply, GError **error)
{
  JsonNode *node = NULL;
  int r;

  if (!reply)
    return NULL;
  r = bus_json_read (reply, &node);
  sd_bus_message_unref (reply);
  if (r < 0)
    client_set_unreadable (error, r);
  return node;
}

JsonNode *
client_read_rows (sd_bus_message *reply, const char *const *keys, GError **error)
{
  JsonNode *node = NULL;
  int r;

  if (!reply)
    return NULL;
  r = bus_json_read_rows (reply, keys, &node);
  sd_bus_message_unref (reply);
  if (r < 0)
    client_set_unreadable (error, r);
  return node;
}

char *
client_read_path (sd_bus_message *reply, GError **error)
{
  const char *path = NULL;
  char *copy;
  int r;

  if (!reply)
    return NULL;
  r = sd_bus_message_read (reply, "o", &path);
  if (r < 0)
    client_set_unreadable (error, r);
  copy = g_strdup (path);
  sd_bus_message_unref (reply);
  return copy;
}

/* Whatever a hive of another version says, it must not make us fall. */
JsonNode *
client_read_as (JsonNodeType type, sd_bus_message *reply, GError **error)
{
  g_autoptr (JsonNode) node = client_read (reply, error);

  if (!node || json_node_get_node_type (node) == type)
    return g_steal_pointer (&node);
  client_set_unreadable (error, -EPROTO);
  return NULL;
}

JsonObject *
client_get_all (Client *client, const char *path, const char *interface, GError **error)
{
  g_autoptr (JsonNode) node = client_read_as (JSON_NODE_OBJECT,
                                              client_call (client, path, "org.freedesktop.DBus.Properties", "GetAll",
                                                           CLIENT_SOON, error, "s", interface),
                                              error);

  return node ? json_node_dup_object (node) : NULL;
}

JsonNode *
client_list_workers (Client *client, GError **error)
{
  return client_read_as (JSON_NODE_ARRAY,
                         client_call (client, HIVE_PATH, HIVE_INTERFACE, "ListWorkers", CLIENT_SOON, error, ""), error);
}

JsonNode *
client_check_updates (Client *client, GError **error)
{
  return client_read_as (JSON_NODE_ARRAY,
                         client_call (client, HIVE_PATH, HIVE_INTERFACE, "CheckUpdates", CLIENT_FETCH, error, ""),
                         error);
}

JsonNode *
client_get_capabilities (Client *client, GError **error)
{
  return client_read_as (JSON_NODE_OBJECT,
                         client_call (client, HIVE_PATH, HIVE_INTERFACE, "GetCapabilities", CLIENT_FETCH, error, ""),
                         error);
}

char *
client_find_job (Client *client, const char *id, GError **error)
{
  return client_read_path (client_call (client, HIVE_PATH, HIVE_INTERFACE, "GetJob", CLIENT_SOON, error, "s", id),
                           error);
}

char *
client_configuration_file (Client *client, GError **error)
{
  g_autoptr (JsonObject) hive = client_get_all (client, HIVE_PATH, HIVE_INTERFACE, error);

  return hive ? g_strdup (json_get_string (hive, "ConfigurationFile", configuration_default)) : NULL;
}
