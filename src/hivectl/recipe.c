/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>
#include <string.h>

#include "recipe-options.h"
#include "terminal.h"
#include "text.h"
#include "variant.h"
#include "verb.h"

static void
recipe_print (const Options *options, const char *worker, const char *recipe)
{
  g_autofree char *visible = NULL;
  JsonObject *object;

  if (options->json)
    {
      object = json_object_new ();
      json_object_set_string_member (object, "id", worker);
      json_object_set_string_member (object, "pkgbuild", recipe);
      variant_print_line (object);
      return;
    }
  /* Whoever reads it must see what would run, not what it does to a terminal; a file gets every byte as it is. */
  if (terminal_is_terminal ())
    recipe = visible = text_visible (recipe);
  terminal_write (recipe, strlen (recipe));
}

static ExitStatus
recipe_run (Client *client, const Options *options, char **arguments, GError **error)
{
  sd_bus_message *call = client_new_call (client, HIVE_PATH, HIVE_INTERFACE, "GetRecipe", error);
  g_autoptr (JsonNode) recipe = NULL;

  if (!call)
    return EXIT_STATUS_NO_HIVE;
  client_must (sd_bus_message_append (call, "s", arguments[0]));
  recipe_options_append (options, call);
  recipe = client_read_as (JSON_NODE_VALUE, client_send (client, call, CLIENT_FETCH, error), error);
  if (!recipe)
    return EXIT_STATUS_FAILED;
  recipe_print (options, arguments[0], json_node_get_string (recipe));
  return EXIT_STATUS_OK;
}

const Verb recipe_verb = {
  .name = "recipe",
  .arguments = N_ ("WORKER"),
  .summary = N_ ("Show the PKGBUILD by which a worker is built"),
  .example = "hivectl recipe hive-probe",
  .options = OPTION_VARIANT,
  .least = 1,
  .most = 1,
  .run = recipe_run,
};
