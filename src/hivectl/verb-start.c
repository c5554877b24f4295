/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "instance-client.h"
#include "json.h"
#include "terminal.h"
#include "time-span.h"
#include "variant.h"
#include "verb.h"

static bool
start_append_text (sd_bus_message *call, const char *key, const char *value)
{
  if (value)
    client_must (sd_bus_message_append (call, "{sv}", key, "s", value));
  return true;
}

/* A number, or a time in seconds. */
static bool
start_append_number (sd_bus_message *call, const char *option, const char *key, const char *value, bool is_time,
                     GError **error)
{
  guint64 number;
  uint64_t usec;

  if (!value)
    return true;
  if (is_time && time_span_parse (value, TIME_SECOND, &usec) && usec / TIME_SECOND <= UINT32_MAX)
    number = usec / TIME_SECOND;
  else if (is_time || !g_ascii_string_to_unsigned (value, 10, 1, UINT32_MAX, &number, NULL))
    {
      if (is_time)
        g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE, _ ("%s is a time, as 10min, not '%s'"), option, value);
      else
        g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE, _ ("%s is a number, not '%s'"), option, value);
      return false;
    }
  client_must (sd_bus_message_append (call, "{sv}", key, "u", (uint32_t)number));
  return true;
}

static bool
start_append_options (const Options *options, sd_bus_message *call, GError **error)
{
  client_must (sd_bus_message_open_container (call, 'a', "{sv}"));
  start_append_text (call, "model", options->model);
  start_append_text (call, "name", options->name);
  start_append_text (call, "device", options->device);
  start_append_text (call, "listen", options->listen);
  start_append_text (call, "memory_max", options->memory_max);
  if (options->boot)
    client_must (sd_bus_message_append (call, "{sv}", "boot", "b", 1));
  if (options->allow_cpu)
    client_must (sd_bus_message_append (call, "{sv}", "allow_cpu", "b", 1));
  if (!start_append_number (call, "--context", "context", options->context, false, error) ||
      !start_append_number (call, "--idle-stop", "idle_stop", options->idle_stop, true, error) ||
      !start_append_number (call, "--start-timeout", "start_timeout", options->start_timeout, true, error))
    return false;
  client_must (sd_bus_message_close_container (call));
  return true;
}

/* What did not become ready leaves nothing behind. */
static void
start_undo (Client *client, const char *name)
{
  sd_bus_message_unref (client_call (client, HIVE_PATH, HIVE_INTERFACE, "StopInstance", CLIENT_READ, NULL, "s", name));
}

static void
start_print (const Options *options, JsonObject *instance)
{
  const char *name = json_get_string (instance, "name", "");
  const char *address = json_get_string (instance, "address", "");

  if (*json_get_string (instance, "warning", ""))
    terminal_report (json_get_string (instance, "warning", ""));
  if (options->json)
    variant_print_line (json_object_ref (instance));
  else if (!options->quiet && g_str_has_prefix (address, "unix:"))
    terminal_printf (_ ("%s is ready: curl --unix-socket %s http://localhost/\n"), name, address + 5);
  else if (!options->quiet && *json_get_string (instance, "web_ui", ""))
    terminal_printf (_ ("%s is ready: %s (its page: hivectl open %s; its key, if it asks for one: hivectl key %s)\n"),
                     name, address, name, name);
  else if (!options->quiet)
    terminal_printf (_ ("%s is ready: %s (its key, if it asks for one: hivectl key %s)\n"), name, address, name);
}

static ExitStatus
start_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (JsonObject) instance = NULL;
  g_autofree char *path = NULL;
  sd_bus_message *call = client_new_call (client, HIVE_PATH, HIVE_INTERFACE, "StartWorker", error);
  g_autoptr (JsonObject) made = NULL;

  if (!call)
    return EXIT_STATUS_FAILED;
  client_must (sd_bus_message_append (call, "s", arguments[0]));
  if (!start_append_options (options, call, error))
    {
      sd_bus_message_unref (call);
      return EXIT_STATUS_USAGE;
    }
  path = client_read_path (client_send (client, call, CLIENT_SOON, error), error);
  if (!path)
    return EXIT_STATUS_FAILED;
  made = client_get_all (client, path, INSTANCE_INTERFACE, error);
  if (!made)
    return EXIT_STATUS_FAILED;
  if (!options->no_wait && !instance_client_wait (client, path, error))
    {
      start_undo (client, json_get_string (made, "Name", ""));
      return EXIT_STATUS_FAILED;
    }
  instance = instance_client_get (client, json_get_string (made, "Name", ""), error);
  if (!instance)
    return EXIT_STATUS_FAILED;
  if (options->no_wait && !options->json)
    terminal_printf ("%s\n", json_get_string (instance, "name", ""));
  else
    start_print (options, instance);
  return EXIT_STATUS_OK;
}

const Verb start_verb = {
  .name = "start",
  .arguments = N_ ("WORKER"),
  .summary = N_ ("Run an installed worker"),
  .details = N_ ("Until it answers that it is ready. It listens on a Unix socket, for root and the\n"
                 "group rbee, or where --listen says; it runs on when you leave, and has no\n"
                 "network of its own. What did not become ready is ended again."),
  .example = "hivectl start llama-cpp-server-cpu --model tiny.gguf --listen 8080",
  .options = OPTION_RUN | OPTION_NO_WAIT | OPTION_QUIET,
  .least = 1,
  .most = 1,
  .run = start_run,
};
