/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>
#include <string.h>

#include "instance-client.h"
#include "json.h"
#include "terminal.h"
#include "variant.h"
#include "verb.h"

/* The address as a browser of this machine has it; NULL: it has none. */
static char *
open_address (const Client *client, const char *address)
{
  static const char *const local[][2] = {
    { "http://0.0.0.0:", "http://127.0.0.1:" },
    { "http://[::]:", "http://[::1]:" }, /* every address of its machine */
    { "http://127.", "http://127." },
    { "http://[::1]:", "http://[::1]:" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (local); i++)
    if (g_str_has_prefix (address, local[i][0]))
      return client_is_remote (client) ? NULL : g_strconcat (local[i][1], address + strlen (local[i][0]), NULL);
  return g_strdup (address);
}

static char *
open_url (const Client *client, JsonObject *instance, GError **error)
{
  const char *name = json_get_string (instance, "name", "");
  const char *address = json_get_string (instance, "address", "");
  const char *page = json_get_string (instance, "web_ui", "");
  g_autofree char *here = open_address (client, address);

  if (!*page)
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("%s has no page of its own"), name);
  else if (g_str_has_prefix (address, "unix:"))
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED,
                 _ ("%s listens on a Unix socket, which no browser opens: start it with --listen=8080"), name);
  else if (!here)
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("%s listens on %s of %s: open it there"), name, address,
                 client_host (client));
  else
    return g_strconcat (here, page, NULL);
  return NULL;
}

static ExitStatus
open_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (JsonObject) instance = instance_client_get (client, arguments[0], error);
  g_autofree char *url = instance ? open_url (client, instance, error) : NULL;
  char *command[] = { (char *)"xdg-open", url, NULL };
  g_autoptr (GError) failure = NULL;

  if (!url)
    return EXIT_STATUS_FAILED;
  if (options->json)
    {
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "url", url);
      variant_print_line (object);
    }
  else
    terminal_printf ("%s\n", url);
  if (g_spawn_async (NULL, command, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &failure))
    return EXIT_STATUS_OK;
  g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("Cannot open a browser: %s"), failure->message);
  return EXIT_STATUS_FAILED;
}

const Verb open_verb = {
  .name = "open",
  .arguments = N_ ("NAME"),
  .summary = N_ ("Open the page that an instance has itself"),
  .details = N_ ("Of a worker that has one and listens on an address and a port. The page asks for\n"
                 "the key, which 'hivectl key NAME' prints."),
  .example = "hivectl open llama-cpp-server-cpu",
  .least = 1,
  .most = 1,
  .run = open_run,
};
