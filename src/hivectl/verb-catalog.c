/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "controls.h"
#include "json.h"
#include "listing.h"
#include "sentence.h"
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

/* The catalog last: scripts know the other columns by their places. */
static void
catalog_add (JsonObject *worker, void *userdata)
{
  g_autofree char *backends = variant_join (worker, "backends", ",");
  g_autofree char *fits = catalog_fits (worker);

  /* A worker without variants is of one kind. */
  table_add (userdata,
             (const char *const[]){ json_get_string (worker, "id", ""), json_get_string (worker, "version", ""),
                                    *backends ? backends : json_get_string (worker, "worker_type", ""), fits,
                                    json_get_string (worker, "description", ""),
                                    json_get_string (worker, "catalog", ""), NULL });
}

/* Where there are several, people see first which one. */
static void
catalog_add_of_several (JsonObject *worker, void *userdata)
{
  g_autofree char *backends = variant_join (worker, "backends", ",");
  g_autofree char *fits = catalog_fits (worker);

  table_add (userdata,
             (const char *const[]){ json_get_string (worker, "catalog", ""), json_get_string (worker, "id", ""),
                                    json_get_string (worker, "version", ""),
                                    *backends ? backends : json_get_string (worker, "worker_type", ""), fits,
                                    json_get_string (worker, "description", ""), NULL });
}

static void
catalog_print_reason (JsonObject *worker, void *userdata)
{
  const char *why = json_get_string (worker, "incompatible_because", "");
  bool *first = userdata;
  g_autofree char *said = NULL, *visible = NULL;

  if (!*why)
    return;
  said = sentence_translate (why);
  visible = controls_visible (said);
  terminal_printf ("%s%s: %s\n", *first ? "\n" : "", json_get_string (worker, "id", ""), visible);
  *first = false;
}

/* What is missing from the list, or old, on standard error: the list is what there is. */
static void
catalog_report_state (JsonObject *state, void *userdata)
{
  const char *name = json_get_string (state, "name", "");
  g_autofree char *message = sentence_translate (json_get_string (state, "error_message", ""));
  g_autofree char *since = variant_time (json_get_int (state, "answered_at", 0));
  g_auto (GStrv) skipped = json_get_strings (state, "skipped");
  g_autofree char *text = NULL;

  if (*message && *since)
    text = g_strdup_printf (_ ("The catalog %s cannot be asked; this is what it said at %s: %s"), name, since, message);
  else if (*message)
    text = g_strdup_printf (_ ("The catalog %s is left out: %s"), name, message);
  if (text)
    terminal_report (text);
  for (char **each = skipped; each && *each; each++)
    {
      g_autofree char *line = g_strdup_printf (_ ("An entry of the catalog %s is left out: %s"), name, *each);

      terminal_report (line);
    }
}

/* True when there are several. */
static bool
catalog_report (JsonNode *catalogs)
{
  variant_foreach (catalogs, catalog_report_state, NULL);
  return catalogs && json_array_get_length (json_node_get_array (catalogs)) > 1;
}

/* All that the catalogs say for programs, and for people what is shown below. */
static JsonNode *
catalog_read (Client *client, const Options *options, GError **error)
{
  static const char *const shown[] = { "id",      "version",     "backends", "worker_type",          "compatible",
                                       "missing", "description", "catalog",  "incompatible_because", NULL };
  sd_bus_message *reply =
      client_call (client, HIVE_PATH, HIVE_INTERFACE, "ListCatalog", CLIENT_FETCH, error, "a{sv}", 0);

  return options->json ? client_read_as (JSON_NODE_ARRAY, reply, error) : client_read_rows (reply, shown, error);
}

static ExitStatus
catalog_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (JsonNode) workers = catalog_read (client, options, error);
  g_autoptr (JsonNode) catalogs = NULL;
  g_autoptr (GError) unknown = NULL;
  bool first = true, several;
  ExitStatus status;

  if (!workers)
    return EXIT_STATUS_FAILED;
  catalogs = client_read_as (JSON_NODE_ARRAY,
                             client_call (client, HIVE_PATH, HIVE_INTERFACE, "ListCatalogs", CLIENT_SOON, &unknown, ""),
                             &unknown);
  several = catalog_report (catalogs) && !options->plain;
  status = listing_print (options, workers, _ ("The catalog is empty."),
                          several        ? (const char *const[]){ _ ("CATALOG"), _ ("ID"), _ ("VERSION"), _ ("BACKEND"),
                                                                  _ ("FITS"), _ ("DESCRIPTION"), NULL } :
                          options->plain ? (const char *const[]){ _ ("ID"), _ ("VERSION"), _ ("BACKEND"), _ ("FITS"),
                                                                  _ ("DESCRIPTION"), _ ("CATALOG"), NULL } :
                                           (const char *const[]){ _ ("ID"), _ ("VERSION"), _ ("BACKEND"), _ ("FITS"),
                                                                  _ ("DESCRIPTION"), NULL },
                          several ? catalog_add_of_several : catalog_add);
  if (!options->json && !options->plain)
    variant_foreach (workers, catalog_print_reason, &first);
  return status;
}

const Verb catalog_verb = {
  .name = "catalog",
  .summary = N_ ("List the workers there are"),
  .details = N_ ("FITS says whether a worker is made for this machine's platform, architecture\n"
                 "and devices, and what of its needs is not installed here: hivectl show says\n"
                 "how to install that. Those that fit come first. Of several catalogs the first\n"
                 "in precedence counts; CATALOG/WORKER is the worker of another one."),
  .example = "hivectl catalog",
  .options = OPTION_PLAIN,
  .paged = true,
  .run = catalog_run,
};
