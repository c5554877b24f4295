/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "model-reference.h"
#include "start.h"
#include "terminal.h"
#include "text.h"
#include "variant.h"
#include "verb.h"

static char *
model_start_pull (Client *client, const Options *options, const char *reference, GError **error)
{
  return client_read_path (client_call (client, HIVE_PATH, HIVE_INTERFACE, "PullModel", CLIENT_SOON, error, "sa{sv}",
                                        reference, 0),
                           error);
}

/* The caller opens the file: the hive sees no other file of the caller's home. */
static char *
model_start_import (Client *client, const Options *options, const char *path, GError **error)
{
  unsigned part, parts;
  g_autofree char *name = model_file_name (path, &part, &parts);
  sd_bus_message *call;
  g_auto (Fd) fd = -1;

  if (!name || parts != 1)
    {
      g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE,
                   _ ("%s is not one file that ends in .gguf; use others where they lie ([Models] in hive.conf)"),
                   path);
      return NULL;
    }
  fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    {
      g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("Cannot open %s: %s"), path, g_strerror (errno));
      return NULL;
    }
  call = client_new_call (client, HIVE_PATH, HIVE_INTERFACE, "ImportModel", error);
  if (!call)
    return NULL;
  client_must (sd_bus_message_append (call, "ha{sv}", fd, 1, "name", "s", name));
  return client_read_path (client_send (client, call, CLIENT_SOON, error), error);
}

static void
model_print_removed (const char *name)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "model", name);
  variant_print_line (object);
}

static ExitStatus
model_remove (Client *client, const Options *options, char **names)
{
  ExitStatus status = EXIT_STATUS_OK;

  for (; *names; names++)
    {
      g_autoptr (GError) failure = NULL;
      g_autoptr (sd_bus_message) reply =
          client_call (client, HIVE_PATH, HIVE_INTERFACE, "RemoveModel", CLIENT_FETCH, &failure, "s", *names);

      if (!reply)
        {
          terminal_report (failure->message);
          status = status ? status : (ExitStatus)failure->code;
        }
      else if (options->json)
        model_print_removed (*names);
    }
  return status;
}

/* What is wrong with it, a line each; one whose sum nobody noted is not damaged. */
static ExitStatus
model_print_problems (const Options *options, const char *name, JsonArray *problems)
{
  ExitStatus status = EXIT_STATUS_OK;

  for (guint i = 0; i < json_array_get_length (problems); i++)
    {
      JsonArray *problem = json_array_get_array_element (problems, i);
      const char *what = json_array_get_string_element (problem, 1);
      g_autofree char *file = text_line (json_array_get_string_element (problem, 0));
      bool unknown = g_str_equal (what, "unknown");

      if (!unknown)
        status = EXIT_STATUS_DAMAGED;
      if (!options->quiet && !options->json)
        terminal_printf ("%s: %s %s\n", name, unknown ? _ ("size OK, no sum is known") : what, file);
    }
  if (json_array_get_length (problems) == 0 && !options->quiet && !options->json)
    terminal_printf ("%s: OK\n", name);
  return status;
}

static void
model_print_verified (const char *name, JsonArray *problems)
{
  JsonObject *object = json_object_new ();
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < json_array_get_length (problems); i++)
    {
      JsonArray *problem = json_array_get_array_element (problems, i);
      JsonObject *each = json_object_new ();

      json_object_set_string_member (each, "path", json_array_get_string_element (problem, 0));
      json_object_set_string_member (each, "problem", json_array_get_string_element (problem, 1));
      json_array_add_object_element (list, each);
    }
  json_object_set_string_member (object, "model", name);
  json_object_set_array_member (object, "problems", list);
  variant_print_line (object);
}

static ExitStatus
model_verify (Client *client, const Options *options, char **names, GError **error)
{
  ExitStatus status = EXIT_STATUS_OK;

  for (char **name = names; *name; name++)
    {
      g_autoptr (JsonNode) problems = client_read_as (JSON_NODE_ARRAY,
                                                      client_call (client, HIVE_PATH, HIVE_INTERFACE, "VerifyModel",
                                                                   CLIENT_READ, error, "s", *name),
                                                      error);

      if (!problems)
        return EXIT_STATUS_FAILED;
      status = MAX (status, model_print_problems (options, *name, json_node_get_array (problems)));
      if (options->json)
        model_print_verified (*name, json_node_get_array (problems));
    }
  return status;
}

static ExitStatus
model_run (Client *client, const Options *options, char **arguments, GError **error)
{
  if (g_str_equal (arguments[0], "pull"))
    return start_jobs (client, options, arguments + 1, model_start_pull, NULL);
  if (g_str_equal (arguments[0], "import") && !client_is_remote (client))
    return start_jobs (client, options, arguments + 1, model_start_import, NULL);
  if (g_str_equal (arguments[0], "remove"))
    return model_remove (client, options, arguments + 1);
  if (g_str_equal (arguments[0], "verify"))
    return model_verify (client, options, arguments + 1, error);
  g_set_error_literal (
      error, CLIENT_ERROR, EXIT_STATUS_USAGE,
      g_str_equal (arguments[0], "import") ?
          _ ("A model is imported on the machine that has it, without --host") :
          _ ("Give one of: model pull REFERENCE, model import FILE, model remove NAME, model verify NAME"));
  return EXIT_STATUS_USAGE;
}

const Verb model_verb = {
  .name = "model",
  .arguments = N_ ("ACTION MODEL…"),
  .summary = N_ ("Fetch, copy, remove or verify models"),
  .details = N_ ("pull fetches https://HOST/FILE.gguf#sha256=SUM or hf:OWNER/REPOSITORY[:FILE],\n"
                 "import copies a file of yours, remove removes a model of the hive by its name,\n"
                 "verify compares its files with what was fetched."),
  .example = "hivectl model pull hf:Qwen/Qwen3-0.6B-GGUF",
  .options = OPTION_NO_WAIT | OPTION_QUIET,
  .least = 2,
  .most = G_MAXUINT,
  .run = model_run,
};
