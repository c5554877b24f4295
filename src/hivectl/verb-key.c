/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "instance-client.h"
#include "terminal.h"
#include "variant.h"
#include "verb.h"

static ExitStatus
key_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autofree char *path = instance_client_path (arguments[0]);
  g_autoptr (JsonObject) instance = instance_client_get (client, arguments[0], error);
  g_autoptr (sd_bus_message) reply = NULL;
  JsonObject *answer;
  const char *key;

  if (!instance)
    return EXIT_STATUS_FAILED;
  reply = client_call (client, path, INSTANCE_INTERFACE, "GetKey", CLIENT_SOON, error, "");
  if (!reply)
    return EXIT_STATUS_FAILED;
  client_must (sd_bus_message_read (reply, "s", &key));
  if (options->json)
    {
      answer = json_object_new ();
      json_object_set_string_member (answer, "key", key);
      variant_print_line (answer);
      return EXIT_STATUS_OK;
    }
  if (!*key)
    {
      g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("%s has no key: its address needs none"), arguments[0]);
      return EXIT_STATUS_FAILED;
    }
  terminal_printf ("%s\n", key);
  return EXIT_STATUS_OK;
}

const Verb key_verb = {
  .name = "key",
  .arguments = N_ ("NAME"),
  .summary = N_ ("Print the API key of an instance"),
  .details = N_ ("One that listens on an address and a port has a key, which clients send as\n"
                 "'Authorization: Bearer KEY'. A Unix socket needs none."),
  .example = "hivectl key llama-cpp-server-cpu",
  .least = 1,
  .most = 1,
  .run = key_run,
};
