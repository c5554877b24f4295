/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "json.h"
#include "terminal.h"
#include "toolchain-search.h"
#include "variant.h"
#include "verb.h"

#define TARGET "/opt"

static bool
toolchain_set_error (GError **error, const char *message)
{
  g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_FAILED, message);
  return false;
}

static bool
toolchain_run (GError **error, const char *const *arguments)
{
  g_autoptr (GError) failure = NULL;
  int status;

  return (g_spawn_sync (NULL, (char **)arguments, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL,
                        NULL, NULL, &status, &failure) &&
          g_spawn_check_wait_status (status, &failure)) ||
         toolchain_set_error (error, failure->message);
}

/* The one of that name in the caller's home. */
static JsonObject *
toolchain_find (JsonArray *found, const char *name, GError **error)
{
  g_autofree char *message = NULL;

  for (guint i = 0; i < json_array_get_length (found); i++)
    {
      JsonObject *toolchain = json_array_get_object_element (found, i);

      if (g_str_equal (json_get_string (toolchain, "name", ""), name))
        return toolchain;
    }
  message = g_strdup_printf (_ ("There is no toolchain %s in %s; hivectl status shows those that there are"), name,
                             g_get_home_dir ());
  toolchain_set_error (error, message);
  return NULL;
}

/* A copy that root alone may change, and everybody may read. */
static bool
toolchain_copy (const char *from, const char *to, GError **error)
{
  g_autofree char *message = NULL;
  g_autofree char *content = g_strconcat (from, "/.", NULL);

  if (g_mkdir (to, 0755) < 0)
    {
      message = errno == EEXIST ? g_strdup_printf (_ ("%s is there already: remove it first"), to) :
                                  g_strdup_printf (_ ("Cannot make %s: %s"), to, g_strerror (errno));
      return toolchain_set_error (error, message);
    }
  return toolchain_run (error,
                        (const char *const[]){ "cp", "-a", "--no-preserve=ownership", "--", content, to, NULL }) &&
         toolchain_run (error, (const char *const[]){ "chmod", "-R", "a+rX,go-w", "--", to, NULL });
}

static void
toolchain_print (const Options *options, const char *name, const char *folder, const char *file)
{
  JsonObject *object;

  if (!options->json)
    {
      terminal_printf (
          _ ("%s shows it to builds when the daemon is restarted (jobs run on): systemctl restart rbee-hived"), file);
      terminal_printf ("\n");
      return;
    }
  object = json_object_new ();
  json_object_set_string_member (object, "name", name);
  json_object_set_string_member (object, "path", folder);
  json_object_set_string_member (object, "configuration", file);
  variant_print_line (object);
}

/* Writes the section that shows the copy to recipes. */
static bool
toolchain_configure (const Options *options, const char *configuration, const char *name, const char *folder,
                     GError **error)
{
  g_autofree char *drop_ins = g_strconcat (configuration, ".d", NULL);
  g_autofree char *file_name = g_strconcat (name, ".conf", NULL);
  g_autofree char *file = g_build_filename (drop_ins, file_name, NULL);
  g_autofree char *text = g_strdup_printf ("[" TOOLCHAIN_SECTION "%s]\nPath=%s\nBin=%s/bin\n", name, folder, folder);
  g_autoptr (GError) failure = NULL;

  g_mkdir (drop_ins, 0755);
  if (!g_file_set_contents (file, text, -1, &failure) || g_chmod (file, 0644) < 0)
    return toolchain_set_error (error, failure ? failure->message : file);
  toolchain_print (options, name, folder, file);
  return true;
}

static ExitStatus
toolchain_import (Client *client, const Options *options, const char *name, GError **error)
{
  g_autoptr (JsonObject) hive = client_get_all (client, HIVE_PATH, HIVE_INTERFACE, error);
  g_autoptr (JsonArray) found = toolchain_search (NULL, g_get_home_dir (), "");
  JsonObject *toolchain = hive ? toolchain_find (found, name, error) : NULL;
  g_autofree char *from = toolchain ? toolchain_search_tree (json_get_string (toolchain, "path", "")) : NULL;
  const char *version = toolchain ? json_get_string (toolchain, "version", "") : "";
  g_autofree char *to = g_strdup_printf (TARGET "/%s%s%s", name, *version ? "-" : "", version);

  if (!from)
    return EXIT_STATUS_FAILED;
  if (!options->json)
    {
      terminal_printf (_ ("Copying %s to %s"), from, to);
      terminal_printf ("\n");
    }
  return toolchain_copy (from, to, error) &&
                 toolchain_configure (options, json_get_string (hive, "ConfigurationFile", ""), name, to, error) ?
             EXIT_STATUS_OK :
             EXIT_STATUS_FAILED;
}

static ExitStatus
toolchain_verb_run (Client *client, const Options *options, char **arguments, GError **error)
{
  if (g_str_equal (arguments[0], "import") && !client_is_remote (client))
    return toolchain_import (client, options, arguments[1], error);
  g_set_error_literal (
      error, CLIENT_ERROR, EXIT_STATUS_USAGE,
      _ ("A toolchain is imported on the machine that has it, without --host: hivectl toolchain import NAME"));
  return EXIT_STATUS_USAGE;
}

const Verb toolchain_verb = {
  .name = "toolchain",
  .arguments = N_ ("import NAME"),
  .summary = N_ ("Copy a toolchain from your home to /opt"),
  .details = N_ ("For compilers in a home that builds cannot read, such as root's: hivectl status\n"
                 "names them. You must be able to write to /opt and to the folder of hive.conf."),
  .example = "hivectl toolchain import rust",
  .least = 2,
  .most = 2,
  .run = toolchain_verb_run,
};
