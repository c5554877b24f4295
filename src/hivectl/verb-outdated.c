/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verb-outdated.h"

#include <glib/gi18n.h>

#include "json.h"
#include "listing.h"
#include "table.h"
#include "terminal.h"
#include "variant.h"
#include "verb.h"

static void
outdated_add (JsonObject *worker, void *userdata)
{
  if (*json_get_string (worker, "available", ""))
    table_add (userdata,
               (const char *const[]){ json_get_string (worker, "id", ""), json_get_string (worker, "version", ""),
                                      json_get_string (worker, "available", ""), NULL });
}

static void
outdated_report_one (JsonObject *worker, void *userdata)
{
  ExitStatus *status = userdata;
  const char *why = json_get_string (worker, "error", "");
  g_autofree char *message = NULL;

  if (!*why)
    return;
  message = g_strdup_printf ("%s: %s", json_get_string (worker, "id", ""), why);
  terminal_report (message);
  *status = EXIT_STATUS_FAILED;
}

ExitStatus
outdated_report (JsonNode *workers)
{
  ExitStatus status = EXIT_STATUS_OK;

  variant_foreach (workers, outdated_report_one, &status);
  return status;
}

static ExitStatus
outdated_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (JsonNode) workers = client_check_updates (client, error);
  ExitStatus unknown, status;

  if (!workers)
    return EXIT_STATUS_FAILED;
  status = listing_print (options, workers, _ ("Every worker is up to date."),
                          (const char *const[]){ _ ("ID"), _ ("VERSION"), _ ("AVAILABLE"), NULL }, outdated_add);
  unknown = options->json ? EXIT_STATUS_OK : outdated_report (workers);
  return status ? status : unknown;
}

const Verb outdated_verb = {
  .name = "outdated",
  .summary = N_ ("List workers that have a newer version"),
  .details = N_ ("Each worker's recipe is fetched from its catalog and read again. One that cannot\n"
                 "be is reported, and the exit status is 1."),
  .example = "hivectl outdated",
  .options = OPTION_PLAIN,
  .paged = true,
  .run = outdated_run,
};
