/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib/gi18n.h>
#include <unistd.h>

#include "instance-client.h"
#include "json.h"
#include "verb.h"

/* journalctl takes our place: it has the pager, the colours and the permissions. */
static ExitStatus
logs_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (JsonObject) instance = NULL;
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  g_auto (GStrv) command = NULL;
  g_autofree char *unit = NULL, *lines = NULL;

  if (client_is_remote (client))
    {
      g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE,
                   _ ("The journal of another machine is read there: ssh %s hivectl logs %s"), client_host (client),
                   arguments[0]);
      return EXIT_STATUS_USAGE;
    }
  instance = instance_client_get (client, arguments[0], error);
  if (!instance)
    return EXIT_STATUS_FAILED;
  unit = g_strconcat ("--unit=", json_get_string (instance, "unit", ""), NULL);
  lines = options->lines ? g_strconcat ("--lines=", options->lines, NULL) : NULL;
  g_strv_builder_add_many (words, "journalctl", "--output=cat", unit, NULL);
  if (lines)
    g_strv_builder_add (words, lines);
  if (options->follow)
    g_strv_builder_add (words, "--follow");
  if (options->json)
    g_strv_builder_add (words, "--output=json");
  command = g_strv_builder_end (words);
  execvp (command[0], command);
  g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("Cannot start journalctl: %s"), g_strerror (errno));
  return EXIT_STATUS_FAILED;
}

const Verb logs_verb = {
  .name = "logs",
  .arguments = N_ ("NAME"),
  .summary = N_ ("Show what an instance printed"),
  .details = N_ ("From the journal, which root and the group systemd-journal may read."),
  .example = "hivectl logs hive-probe --follow",
  .options = OPTION_FOLLOW | OPTION_LINES,
  .least = 1,
  .most = 1,
  .run = logs_run,
};
