/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "bus-json.h"
#include "json.h"
#include "listing.h"
#include "sentence.h"
#include "size.h"
#include "table.h"
#include "terminal.h"
#include "text.h"
#include "variant.h"
#include "verb.h"

static void
models_add (JsonObject *model, void *userdata)
{
  g_autofree char *size = size_to_string ((uint64_t)json_get_int (model, "size", 0));
  const char *why = json_get_string (model, "fits_why", "");
  const char *fits = json_get_bool (model, "fits", true) ? (*why ? _ ("yes") : "") : why;
  int64_t length = json_get_int (model, "context_length", 0);
  g_autofree char *context = length > 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, length) : g_strdup ("");

  table_add (userdata, (const char *const[]){
                           json_get_string (model, "name", ""), json_get_string (model, "format", ""),
                           json_get_string (model, "architecture", ""), json_get_string (model, "quantization", ""),
                           context, size, fits, json_get_string (model, "path", ""), NULL });
}

/* What nobody can use, and why; on standard error, where it is in no program's way. */
static void
models_tell_skipped (JsonArray *skipped)
{
  for (guint i = 0; i < json_array_get_length (skipped); i++)
    {
      JsonArray *pair = json_array_get_array_element (skipped, i);
      g_autofree char *path = text_line (json_array_get_string_element (pair, 0));
      g_autofree char *said = sentence_translate (json_array_get_string_element (pair, 1));
      g_autofree char *why = text_line (said);
      g_autofree char *shown = NULL;
      g_autofree char *line = g_strdup_printf (_ ("Passed over: %s %s"), path, why);

      shown = text_for_locale (line);
      g_printerr ("%s\n", shown);
    }
}

static ExitStatus
models_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (sd_bus_message) reply =
      client_call (client, HIVE_PATH, HIVE_INTERFACE, "ListModels", CLIENT_FETCH, error, "");
  g_autoptr (JsonNode) models = NULL;
  g_autoptr (JsonNode) skipped = NULL;
  ExitStatus status;

  if (!reply)
    return EXIT_STATUS_FAILED;
  models = client_read_as (JSON_NODE_ARRAY, sd_bus_message_ref (reply), error);
  skipped = models ? client_read_as (JSON_NODE_ARRAY, g_steal_pointer (&reply), error) : NULL;
  if (!skipped)
    return EXIT_STATUS_FAILED;
  status = listing_print (options, models, _ ("There is no model. See: hivectl model --help"),
                          (const char *const[]){ _ ("NAME"), _ ("FORMAT"), _ ("ARCHITECTURE"), _ ("QUANTIZATION"),
                                                 _ ("CONTEXT"), _ ("SIZE"), _ ("FITS"), _ ("PATH"), NULL },
                          models_add);
  models_tell_skipped (json_node_get_array (skipped));
  return status;
}

const Verb models_verb = {
  .name = "models",
  .summary = N_ ("List the models there are, and those that are passed over"),
  .details = N_ ("Those of the hive, and those in the folders that [Models] in hive.conf names."),
  .example = "hivectl models --json",
  .options = OPTION_PLAIN,
  .paged = true,
  .run = models_run,
};
