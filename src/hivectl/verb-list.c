/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "json.h"
#include "listing.h"
#include "size.h"
#include "table.h"
#include "terminal.h"
#include "variant.h"
#include "verb.h"

static void
list_add (JsonObject *worker, void *userdata)
{
  g_autofree char *size = size_to_string ((uint64_t)json_get_int (worker, "size", 0));
  g_autofree char *time = variant_time (json_get_int (worker, "installed_at", 0));

  table_add (userdata,
             (const char *const[]){ json_get_string (worker, "id", ""), json_get_string (worker, "version", ""), size,
                                    time, json_get_string (worker, "binary", ""), NULL });
}

static ExitStatus
list_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (JsonNode) workers = client_list_workers (client, error);

  if (!workers)
    return EXIT_STATUS_FAILED;
  return listing_print (options, workers, _ ("No worker is installed. See: hivectl catalog"),
                        (const char *const[]){ _ ("ID"), _ ("VERSION"), _ ("SIZE"), _ ("INSTALLED"), _ ("PATH"), NULL },
                        list_add);
}

const Verb list_verb = {
  .name = "list",
  .summary = N_ ("List the workers installed here"),
  .example = "hivectl list --json",
  .options = OPTION_PLAIN,
  .paged = true,
  .run = list_run,
};
