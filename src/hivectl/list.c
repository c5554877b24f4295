/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "json.h"
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
  g_autoptr (Table) table = NULL;

  if (!workers)
    return EXIT_STATUS_FAILED;
  if (options->json)
    {
      variant_print (workers);
      return EXIT_STATUS_OK;
    }
  if (variant_is_empty (workers))
    {
      terminal_printf ("%s\n", _ ("No worker is installed. See: hivectl catalog"));
      return EXIT_STATUS_OK;
    }
  table = table_new ((const char *const[]){ _ ("ID"), _ ("VERSION"), _ ("SIZE"), _ ("INSTALLED"), _ ("PATH"), NULL });
  variant_foreach (workers, list_add, table);
  table_print (table);
  return EXIT_STATUS_OK;
}

const Verb list_verb = {
  .name = "list",
  .summary = N_ ("List the workers installed here"),
  .example = "hivectl list --json",
  .run = list_run,
};
