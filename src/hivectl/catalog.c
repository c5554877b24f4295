/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "json.h"
#include "listing.h"
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

  workers =
      client_read_as (JSON_NODE_ARRAY,
                      client_call (client, HIVE_PATH, HIVE_INTERFACE, "ListCatalog", CLIENT_FETCH, error, "a{sv}", 0),
                      error);
  if (!workers)
    return EXIT_STATUS_FAILED;
  return listing_print (options, workers, _ ("The catalog is empty."),
                        (const char *const[]){ _ ("ID"), _ ("VERSION"), _ ("BACKEND"), _ ("FITS"), _ ("DESCRIPTION"),
                                               NULL },
                        catalog_add);
}

const Verb catalog_verb = {
  .name = "catalog",
  .summary = N_ ("List the workers there are"),
  .details = N_ ("FITS says whether a worker is made for this machine's platform and\n"
                 "architecture."),
  .example = "hivectl catalog",
  .options = OPTION_PLAIN,
  .run = catalog_run,
};
