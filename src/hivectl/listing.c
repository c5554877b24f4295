/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "listing.h"

#include <locale.h>

#include "table.h"
#include "terminal.h"
#include "variant.h"

ExitStatus
listing_print (const Options *options, JsonNode *list, const char *empty, const char *const *headings,
               void (*add) (JsonObject *object, void *userdata))
{
  g_autoptr (Table) table = table_new (headings);

  /* Programs read the same words in every language. */
  if (options->plain)
    setlocale (LC_MESSAGES, "C");
  if (!options->json)
    variant_foreach (list, add, table);
  if (options->json)
    variant_print (list);
  else if (options->plain)
    table_print_plain (table);
  else if (variant_is_empty (list))
    terminal_printf ("%s\n", empty);
  else
    table_print (table);
  return EXIT_STATUS_OK;
}
