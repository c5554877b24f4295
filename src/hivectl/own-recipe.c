/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "own-recipe.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/wait.h>

#include "configuration.h"
#include "error.h"
#include "file.h"
#include "json.h"
#include "terminal.h"

#define FILE_MAX (8 * 1024 * 1024) /* the hive takes no more together */

bool
own_recipe_is_path (const char *worker)
{
  return *worker == '/' || *worker == '.';
}

static char *
own_recipe_file (const char *path)
{
  g_autofree char *whole = g_canonicalize_filename (path, NULL);

  return g_file_test (whole, G_FILE_TEST_IS_DIR) ? g_build_filename (whole, "PKGBUILD", NULL) :
                                                   g_steal_pointer (&whole);
}

/* What `recipe --check --json` says of it. */
static JsonObject *
own_recipe_check (const Options *options, const char *file, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (Configuration) configuration = configuration_load (options->config, &failure);
  g_autofree char *program = NULL;
  g_autofree char *text = NULL;
  const char *command[] = { NULL, "--check", file, "--json", NULL, NULL, NULL };
  JsonObject *report = NULL;

  if (options->config)
    {
      command[4] = "--config";
      command[5] = options->config;
    }
  if (configuration)
    {
      command[0] = program = g_build_filename (configuration->libexec_directory, "rbee-hive-builder", NULL);
      if (g_spawn_sync (NULL, (char **)command, NULL, G_SPAWN_STDIN_FROM_DEV_NULL, NULL, NULL, &text, NULL, NULL,
                        &failure))
        report = json_parse_object (text, -1, program, HIVE_ERROR_FAILED, &failure);
    }
  if (!report)
    g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_FAILED, failure->message);
  return report;
}

/* Says what is wrong with it, all of it. */
static bool
own_recipe_is_fine (JsonObject *report, const char *file, GError **error)
{
  g_auto (GStrv) problems = json_get_strings (report, "problems");
  const char *message = json_get_string (report, "message", NULL);

  if (message)
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, "%s: %s", file, message);
  for (guint i = 1; !message && problems && problems[0] && problems[i]; i++)
    terminal_report (problems[i]);
  if (!message && problems && problems[0])
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, "%s: %s", file, problems[0]);
  return !message && (!problems || !problems[0]);
}

/* The files beside the PKGBUILD that it is built with. */
static GPtrArray *
own_recipe_names (JsonObject *report, const char *folder)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  JsonNode *node = json_object_get_member (report, "sources");
  JsonArray *sources = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  g_auto (GStrv) keys = json_get_strings (report, "validpgpkeys");

  for (guint i = 0; sources && i < json_array_get_length (sources); i++)
    {
      JsonObject *source = json_array_get_object_element (sources, i);

      if (!json_object_has_member (source, "url") && !json_object_has_member (source, "error"))
        g_ptr_array_add (names, g_strdup (json_get_string (source, "name", "")));
    }
  for (char **key = keys; key && *key; key++)
    {
      g_autofree char *name = g_strdup_printf ("keys/pgp/%s.asc", *key);
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
        g_ptr_array_add (names, g_steal_pointer (&name));
    }
  return names;
}

/* Adds one file as {sh}: a copy that nobody can change any more. */
static bool
own_recipe_append (sd_bus_message *call, const char *name, const char *path, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autofree char *content = NULL;
  g_auto (Fd) fd = -1;
  size_t size;

  content = file_read (path, FILE_MAX, &size, &failure);
  if (content)
    fd = file_memory (name, content, (ssize_t)size, &failure);
  if (fd < 0)
    {
      g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_FAILED, failure->message);
      return false;
    }
  client_must (sd_bus_message_append (call, "{sh}", name, fd));
  return true;
}

static bool
own_recipe_append_files (sd_bus_message *call, JsonObject *report, const char *file, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (file);
  g_autoptr (GPtrArray) names = own_recipe_names (report, folder);
  bool fine;

  client_must (sd_bus_message_open_container (call, SD_BUS_TYPE_ARRAY, "{sh}"));
  fine = own_recipe_append (call, "PKGBUILD", file, error);
  for (guint i = 0; fine && i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);

      fine = own_recipe_append (call, names->pdata[i], path, error);
    }
  client_must (sd_bus_message_close_container (call));
  return fine;
}

static void
own_recipe_append_options (sd_bus_message *call, const Options *options, const char *file)
{
  client_must (sd_bus_message_open_container (call, SD_BUS_TYPE_ARRAY, "{sv}"));
  client_must (sd_bus_message_append (call, "{sv}", "origin", "s", file));
  if (options->check)
    client_must (sd_bus_message_append (call, "{sv}", "check", "b", 1));
  if (options->reinstall)
    client_must (sd_bus_message_append (call, "{sv}", "reinstall", "b", 1));
  client_must (sd_bus_message_close_container (call));
}

char *
own_recipe_install (Client *client, const Options *options, const char *path, GError **error)
{
  g_autofree char *file = own_recipe_file (path);
  g_autoptr (JsonObject) report = NULL;
  sd_bus_message *call;

  if (client_is_remote (client))
    g_set_error_literal (
        error, CLIENT_ERROR, EXIT_STATUS_USAGE,
        _ ("A recipe of your own is handed over to the hive of this machine alone: leave --host out, or put "
           "the recipe into a catalog"));
  else if (options->backend || options->source || options->install_dependencies)
    g_set_error_literal (
        error, CLIENT_ERROR, EXIT_STATUS_USAGE,
        _ ("--backend, --source and --install-dependencies are for workers of a catalog: leave them out "
           "with a recipe of your own"));
  if (*error)
    return NULL;
  report = own_recipe_check (options, file, error);
  if (!report || !own_recipe_is_fine (report, file, error))
    return NULL;
  call = client_new_call (client, HIVE_PATH, HIVE_INTERFACE, "InstallRecipe", error);
  if (!call)
    return NULL;
  client_must (sd_bus_message_append (call, "s", json_get_string (report, "pkgbase", "")));
  if (!own_recipe_append_files (call, report, file, error))
    {
      sd_bus_message_unref (call);
      return NULL;
    }
  own_recipe_append_options (call, options, file);
  return client_read_path (client_send (client, call, CLIENT_SOON, error), error);
}
