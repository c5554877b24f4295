/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "instance-client.h"
#include "json.h"
#include "start.h"
#include "terminal.h"
#include "variant.h"
#include "verb-outdated.h"
#include "verb.h"

static char *
upgrade_start (Client *client, const Options *options, const char *worker, GError **error)
{
  return client_read_path (client_call (client, HIVE_PATH, HIVE_INTERFACE, "UpgradeWorker", CLIENT_SOON, error, "s",
                                        worker),
                           error);
}

/* What runs the version before runs the new one. */
static bool
upgrade_restart (Client *client, const Options *options, const char *worker_id, GError **error)
{
  g_autoptr (JsonNode) instances = instance_client_list (client, error);
  JsonArray *list = instances ? json_node_get_array (instances) : NULL;

  for (guint i = 0; list && i < json_array_get_length (list); i++)
    {
      JsonObject *instance = json_array_get_object_element (list, i);
      const char *name = json_get_string (instance, "name", "");

      if (!g_str_equal (json_get_string (instance, "worker_id", ""), worker_id) ||
          !json_get_bool (instance, "outdated", false))
        continue;
      if (!instance_client_restart (client, name, true, error))
        return false;
      if (!options->quiet && !options->json)
        terminal_printf (_ ("%s runs %s now\n"), name, worker_id);
    }
  return list != NULL;
}

static void
upgrade_collect (JsonObject *worker, void *userdata)
{
  if (*json_get_string (worker, "available", ""))
    g_strv_builder_add (userdata, json_get_string (worker, "id", ""));
}

static ExitStatus
upgrade_all (Client *client, const Options *options, GError **error)
{
  g_autoptr (JsonNode) workers = client_check_updates (client, error);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) ids = NULL;
  ExitStatus unknown, status;

  if (!workers)
    return EXIT_STATUS_FAILED;
  variant_foreach (workers, upgrade_collect, builder);
  ids = g_strv_builder_end (builder);
  unknown = outdated_report (workers);
  if (!ids[0] && unknown == EXIT_STATUS_OK && !options->quiet && !options->json)
    terminal_printf ("%s\n", _ ("Every worker is up to date."));
  status = start_jobs (client, options, ids, upgrade_start, options->restart ? upgrade_restart : NULL);
  return status ? status : unknown;
}

static ExitStatus
upgrade_run (Client *client, const Options *options, char **arguments, GError **error)
{
  if (!arguments[0] == !options->all)
    {
      g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_USAGE, _ ("Name workers, or give --all"));
      return EXIT_STATUS_USAGE;
    }
  if (options->restart && options->no_wait)
    {
      g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_USAGE,
                           _ ("--restart waits for the upgrade: leave out --no-wait"));
      return EXIT_STATUS_USAGE;
    }
  if (options->all)
    return upgrade_all (client, options, error);
  return start_jobs (client, options, arguments, upgrade_start, options->restart ? upgrade_restart : NULL);
}

const Verb upgrade_verb = {
  .name = "upgrade",
  .arguments = N_ ("[WORKER…]"),
  .summary = N_ ("Build and install newer versions of workers"),
  .details = N_ ("Each as it was installed, from the same catalog. What has no newer version\n"
                 "stays as it is. The version that was replaced is kept: see rollback. A worker\n"
                 "that runs goes on with the version before, until it is restarted."),
  .example = "hivectl upgrade --all",
  .options = OPTION_ALL | OPTION_RESTART | OPTION_NO_WAIT | OPTION_QUIET,
  .most = G_MAXUINT,
  .run = upgrade_run,
};
