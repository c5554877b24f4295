/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "json.h"
#include "table.h"
#include "terminal.h"
#include "variant.h"
#include "verb.h"

static void
catalog_add (JsonObject *worker, void *userdata)
{
  g_autofree char *backends = variant_join (worker, "backends", ",");

  /* A worker without variants is of one kind. */
  table_add (userdata,
             (const char *const[]){ json_get_string (worker, "id", ""), json_get_string (worker, "version", ""),
                                    *backends ? backends : json_get_string (worker, "worker_type", ""),
                                    json_get_bool (worker, "compatible", false) ? _ ("yes") : _ ("no"),
                                    json_get_string (worker, "description", ""), NULL });
}

static ExitStatus
catalog_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (JsonNode) workers = NULL;
  g_autoptr (Table) table = NULL;

  workers =
      client_read_as (JSON_NODE_ARRAY,
                      client_call (client, HIVE_PATH, HIVE_INTERFACE, "ListCatalog", CLIENT_FETCH, error, "a{sv}", 0),
                      error);
  if (!workers)
    return EXIT_STATUS_FAILED;
  if (options->json)
    {
      variant_print (workers);
      return EXIT_STATUS_OK;
    }
  if (variant_is_empty (workers))
    {
      terminal_printf ("%s\n", _ ("The catalog is empty."));
      return EXIT_STATUS_OK;
    }
  table =
      table_new ((const char *const[]){ _ ("ID"), _ ("VERSION"), _ ("BACKEND"), _ ("FITS"), _ ("DESCRIPTION"), NULL });
  variant_foreach (workers, catalog_add, table);
  table_print (table);
  return EXIT_STATUS_OK;
}

const Verb catalog_verb = {
  .name = "catalog",
  .summary = N_ ("List the workers there are"),
  .details = N_ ("FITS says whether a worker is made for this machine's platform and\n"
                 "architecture."),
  .example = "hivectl catalog",
  .run = catalog_run,
};
