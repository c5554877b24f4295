/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>
#include <string.h>

#include "configuration.h"
#include "json.h"
#include "table.h"
#include "terminal.h"
#include "variant.h"
#include "verb.h"

/* A file of a folder NAME.d is tried with NAME and what else lies there, as the hive reads it. */
static char *
config_whole_file (const char *file)
{
  g_autofree char *path = g_canonicalize_filename (file, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *whole = g_str_has_suffix (folder, ".conf.d") ? g_strndup (folder, strlen (folder) - 2) : NULL;

  return whole && g_file_test (whole, G_FILE_TEST_EXISTS) ? g_steal_pointer (&whole) : g_steal_pointer (&path);
}

/* Where there is a name for it, the file is left out: it is the installed one then, which need not exist. */
static char *
config_find_file (Client *client, const Options *options, const char *named)
{
  g_autofree char *file = NULL;

  if (named)
    return config_whole_file (named);
  file = options->check ? NULL : client_configuration_file (client, NULL);
  return g_strcmp0 (file, configuration_default) == 0 ? NULL : g_steal_pointer (&file);
}

static void
config_print_check (const Options *options, const char *file, const char *why)
{
  JsonObject *object;

  if (options->json)
    {
      object = json_object_new ();
      json_object_set_string_member (object, "file", file);
      json_object_set_boolean_member (object, "valid", !why);
      json_object_set_string_member (object, "message", why ? why : "");
      variant_print_line (object);
    }
  else if (why)
    terminal_report (why);
  else
    terminal_printf (_ ("%s: OK\n"), file);
}

static void
config_print_json (const GArray *settings)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < settings->len; i++)
    {
      const Setting *setting = &g_array_index (settings, Setting, i);
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "section", setting->section);
      json_object_set_string_member (object, "key", setting->key);
      json_object_set_string_member (object, "value", setting->value);
      json_object_set_string_member (object, "default", setting->fallback ? setting->fallback : "");
      json_object_set_string_member (object, "file", setting->file ? setting->file : "");
      json_object_set_int_member (object, "line", setting->line);
      json_array_add_object_element (array, object);
    }
  json_node_take_array (node, array);
  variant_print (node);
}

static void
config_print_plain (const GArray *settings)
{
  g_autoptr (Table) table =
      table_new ((const char *const[]){ "SECTION", "KEY", "VALUE", "DEFAULT", "FILE", "LINE", NULL });

  for (guint i = 0; i < settings->len; i++)
    {
      const Setting *setting = &g_array_index (settings, Setting, i);
      g_autofree char *line = setting->file ? g_strdup_printf ("%u", setting->line) : g_strdup ("");

      table_add (table, (const char *const[]){ setting->section, setting->key, setting->value,
                                               setting->fallback ? setting->fallback : "",
                                               setting->file ? setting->file : "", line, NULL });
    }
  table_print_plain (table);
}

/* As a hive.conf that would say the same: what no file says is commented out. */
static void
config_print (const GArray *settings)
{
  const char *section = "";

  for (guint i = 0; i < settings->len; i++)
    {
      const Setting *setting = &g_array_index (settings, Setting, i);

      if (!g_str_equal (setting->section, section))
        terminal_printf ("%s%s[%s]%s\n", i > 0 ? "\n" : "", terminal_style (TERMINAL_BOLD), setting->section,
                         terminal_style (TERMINAL_PLAIN));
      section = setting->section;
      if (setting->file)
        terminal_printf ("# %s:%u\n", setting->file, setting->line);
      terminal_printf ("%s%s=%s\n", setting->file ? "" : "#", setting->key, setting->value);
    }
}

static ExitStatus
config_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autofree char *file = NULL;
  g_autoptr (Configuration) configuration = NULL;
  g_autoptr (GError) failure = NULL;
  g_autoptr (GArray) settings = NULL;

  if (client_is_remote (client))
    {
      g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE,
                   _ ("The configuration of another machine is read there: ssh %s hivectl config"),
                   client_host (client));
      return EXIT_STATUS_USAGE;
    }
  file = config_find_file (client, options, arguments[0]);
  configuration = configuration_load (file, &failure);
  if (options->check)
    {
      config_print_check (options, file ? file : configuration_default, failure ? failure->message : NULL);
      return configuration ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
    }
  if (!configuration)
    {
      g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_FAILED, failure->message);
      return EXIT_STATUS_FAILED;
    }
  settings = configuration_settings (configuration);
  if (options->json)
    config_print_json (settings);
  else if (options->plain)
    config_print_plain (settings);
  else
    config_print (settings);
  return EXIT_STATUS_OK;
}

const Verb config_verb = {
  .name = "config",
  .arguments = N_ ("[FILE]"),
  .summary = N_ ("Show the configuration, and where it is from"),
  .details = N_ ("Each key as hive.conf has it, beneath the file and line that say it; what no\n"
                 "file says is commented out and the default. The files are read as they are now:\n"
                 "a hive that runs has read them when it started. Without FILE it is the\n"
                 "hive.conf of the hive that answers, or the installed one.\n"
                 "With --check no hive is needed: it tries a file, one of a folder hive.conf.d\n"
                 "with all the others, and the exit status is 1 where something is wrong."),
  .example = "hivectl config --check /etc/rbee-hive/hive.conf",
  .options = OPTION_SETTINGS | OPTION_PLAIN,
  .paged = true,
  .most = 1,
  .run = config_run,
};
