/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "instance-client.h"
#include "terminal.h"
#include "verb.h"

static bool
restart_one (Client *client, const Options *options, const char *name, GError **error)
{
  g_autoptr (JsonObject) instance = instance_client_get (client, name, error);

  return instance && instance_client_restart (client, name, !options->no_wait, error);
}

static ExitStatus
restart_run (Client *client, const Options *options, char **arguments, GError **error)
{
  ExitStatus status = EXIT_STATUS_OK;

  for (; *arguments; arguments++)
    {
      g_autoptr (GError) failure = NULL;

      if (restart_one (client, options, *arguments, &failure))
        {
          instance_client_print (options, *arguments);
          continue;
        }
      terminal_report (failure->message);
      status = status ? status : (ExitStatus)failure->code;
    }
  return status;
}

const Verb restart_verb = {
  .name = "restart",
  .arguments = N_ ("NAME…"),
  .summary = N_ ("Restart instances"),
  .details = N_ ("As their workers are installed now, until they are ready again."),
  .example = "hivectl restart hive-probe",
  .options = OPTION_NO_WAIT,
  .least = 1,
  .most = G_MAXUINT,
  .run = restart_run,
};
