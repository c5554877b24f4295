/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "instance-client.h"
#include "terminal.h"
#include "verb.h"

static ExitStatus
stop_run (Client *client, const Options *options, char **arguments, GError **error)
{
  ExitStatus status = EXIT_STATUS_OK;

  for (; *arguments; arguments++)
    {
      g_autoptr (GError) failure = NULL;
      g_autoptr (sd_bus_message) reply =
          client_call (client, HIVE_PATH, HIVE_INTERFACE, "StopInstance", CLIENT_READ, &failure, "s", *arguments);

      if (reply)
        {
          instance_client_print (options, *arguments);
          continue;
        }
      terminal_report (failure->message);
      status = status ? status : (ExitStatus)failure->code;
    }
  return status;
}

const Verb stop_verb = {
  .name = "stop",
  .arguments = N_ ("NAME…"),
  .summary = N_ ("End instances of workers"),
  .details = N_ ("Until nothing of them is left. A name is one of those that ps lists."),
  .example = "hivectl stop hive-probe",
  .least = 1,
  .most = G_MAXUINT,
  .run = stop_run,
};
