/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "json.h"
#include "listing.h"
#include "table.h"
#include "verb.h"

static void
stores_add (JsonObject *store, void *userdata)
{
  table_add (userdata, (const char *const[]){ json_get_string (store, "name", ""),
                                              json_get_bool (store, "push", false) ? _ ("yes") : _ ("no"),
                                              json_get_bool (store, "floating", false) ? _ ("yes") : _ ("no"),
                                              json_get_string (store, "url", ""), NULL });
}

static ExitStatus
stores_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (JsonNode) stores =
      client_read_as (JSON_NODE_ARRAY,
                      client_call (client, HIVE_PATH, HIVE_INTERFACE, "ListStores", CLIENT_SOON, error, ""), error);

  if (!stores)
    return EXIT_STATUS_FAILED;
  return listing_print (options, stores, _ ("There is no store: see [Store NAME] in hive.conf(5)"),
                        (const char *const[]){ _ ("NAME"), _ ("PUSH"), _ ("FLOATING"), _ ("URL"), NULL }, stores_add);
}

const Verb stores_verb = {
  .name = "stores",
  .summary = N_ ("List the stores of ready builds"),
  .example = "hivectl stores",
  .options = OPTION_PLAIN,
  .run = stores_run,
};
