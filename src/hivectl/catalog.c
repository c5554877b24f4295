/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "json.h"
#include "listing.h"
#include "table.h"
#include "terminal.h"
#include "variant.h"
#include "verb.h"

/* What keeps it from being installed, in a word or two. */
static char *
catalog_fits (JsonObject *worker)
{
  g_auto (GStrv) missing = json_get_strings (worker, "missing");
  guint count = missing ? g_strv_length (missing) : 0;

  if (!json_get_bool (worker, "compatible", false))
    return g_strdup (_ ("no"));
  if (count == 0)
    return g_strdup (_ ("yes"));
  return count == 1 ? g_strdup_printf (_ ("lacks %s"), missing[0]) :
                      g_strdup_printf (_ ("lacks %s +%u"), missing[0], count - 1);
}

static void
catalog_add (JsonObject *worker, void *userdata)
{
  g_autofree char *backends = variant_join (worker, "backends", ",");
  g_autofree char *fits = catalog_fits (worker);

  /* A worker without variants is of one kind. */
  table_add (userdata,
             (const char *const[]){ json_get_string (worker, "id", ""), json_get_string (worker, "version", ""),
                                    *backends ? backends : json_get_string (worker, "worker_type", ""), fits,
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
                 "architecture, and what of its needs is not installed here: hivectl show\n"
                 "says how to install that."),
  .example = "hivectl catalog",
  .options = OPTION_PLAIN,
  .run = catalog_run,
};
