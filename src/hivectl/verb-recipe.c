/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "configuration.h"
#include "controls.h"
#include "recipe-options.h"
#include "terminal.h"
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
    recipe = visible = controls_visible (recipe);
  terminal_write (recipe, strlen (recipe));
}

/* The builder reads it, as us and without the hive, and takes the place of this program. */
static ExitStatus
recipe_check (Client *client, const Options *options, char *file, GError **error)
{
  g_autoptr (Configuration) configuration = NULL;
  g_autoptr (GError) failure = NULL;
  g_autofree char *program = NULL;
  char *command[] = { NULL, (char *)"--check", file, NULL, NULL, NULL, NULL };
  gsize count = 3;

  if (client_is_remote (client))
    {
      g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_USAGE,
                           _ ("--check works without a hive, on this machine: leave --host out"));
      return EXIT_STATUS_USAGE;
    }
  configuration = configuration_load (options->config, &failure);
  if (!configuration)
    {
      g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_FAILED, failure->message);
      return EXIT_STATUS_FAILED;
    }
  command[0] = program = g_build_filename (configuration->libexec_directory, "rbee-hive-builder", NULL);
  if (options->srcinfo || options->json)
    command[count++] = (char *)(options->srcinfo ? "--srcinfo" : "--json");
  if (options->config)
    {
      command[count++] = (char *)"--config";
      command[count++] = options->config;
    }
  execv (program, command);
  g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("Cannot run %s: %s"), program, g_strerror (errno));
  return EXIT_STATUS_FAILED;
}

/* What only goes together, or not at all. */
static bool
recipe_check_options (const Options *options, GError **error)
{
  const char *wrong = NULL;

  if (options->check && (options->backend || options->source))
    wrong = _ ("--backend and --source choose a recipe of the catalog: leave them out with --check");
  else if (options->srcinfo && options->json)
    wrong = _ ("Give --json or --srcinfo, not both");
  else if (!options->check && (options->srcinfo || options->config))
    wrong = _ ("--srcinfo and --config go with --check");
  if (wrong)
    g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_USAGE, wrong);
  return !wrong;
}

static ExitStatus
recipe_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (JsonNode) recipe = NULL;
  sd_bus_message *call;

  if (!recipe_check_options (options, error))
    return EXIT_STATUS_USAGE;
  if (options->check)
    return recipe_check (client, options, arguments[0], error);
  call = client_new_call (client, HIVE_PATH, HIVE_INTERFACE, "GetRecipe", error);
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
  .details = N_ ("With --check FILE it reads a PKGBUILD of your own instead, in a sandbox and\n"
                 "without the hive, and says what it is: what it would fetch and how that is\n"
                 "verified, what it needs and whether this machine has it, and each of makepkg's\n"
                 "rules that it breaks, or what it wanted while it was read and did not get: a\n"
                 "file outside its folder and repository, the network. The exit status is 1 then."),
  .options = OPTION_VARIANT | OPTION_RECIPE,
  .paged = true,
  .least = 1,
  .most = 1,
  .run = recipe_run,
};
